package config

import (
	"crypto/x509"
	"fmt"
	"os"
)

// Roots are the certificates to trust for a connection: the system's and those
// of a file in PEM. Without a file it is nil, which means the system's.
func Roots(file Path) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(string(file))
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		// A machine without certificates of its own: the file has to do.
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s contains no certificate in PEM (-----BEGIN CERTIFICATE-----)", file)
	}
	return pool, nil
}
