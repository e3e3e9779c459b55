// Package intake turns raw mail into facts.
package intake
