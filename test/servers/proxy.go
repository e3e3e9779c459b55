package servers

import (
	"bufio"
	"errors"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Proxy stands on the wire between a client and a server, reads along what the
// client commands, and breaks things on order. It understands lines only, so TLS
// has to end elsewhere.
type Proxy struct {
	// Addr is where clients go, host and port.
	Addr string

	target  string
	mu      sync.Mutex
	faults  []*Fault
	taken   int
	carried int
	lines   []string
	open    map[net.Conn]bool
	closed  bool
}

// Fault is what happens to a connection, once a command of it matches.
type Fault struct {
	// On is matched against each line of the client. nil is the connection itself:
	// the fault is there before the greeting.
	On *regexp.Regexp
	// After lets so many octets of the server pass first.
	After int
	// Do is what happens.
	Do What
	// Then is called when the fault sets in, before anything more passes; with an
	// After of 0 before the server sees the command.
	Then func()
	// Times is on how many connections it happens; 0 is once.
	Times int

	hit int
}

// What is done to a connection.
type What int

// What a fault can be.
const (
	// Silence: the connection stays, and nothing of the server's arrives any more.
	Silence What = iota
	// Cut closes the connection both ways.
	Cut
	// Drip lets the server's octets pass one by one, fifty a second.
	Drip
	// Nothing is broken; Then does it all.
	Nothing
)

// StartProxy starts one before a server; it ends with the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.CutAll()
		all.Wait()
	})
	return p
}

// Break orders a fault.
func (p *Proxy) Break(f *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	p.faults = append(p.faults, f)
}

// Mend withdraws all faults that have not set in.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Hits is on how many connections the fault has set in.
func (p *Proxy) Hits(f *Fault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f.hit
}

// Connections is how many were taken so far.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// Open is how many are carried now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.carried
}

// Count is how many lines of clients have matched so far.
func (p *Proxy) Count(line *regexp.Regexp) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if line.MatchString(l) {
			n++
		}
	}
	return n
}

// CutAll closes all connections.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// keep remembers a connection for CutAll; false when all is over.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close()
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) forget(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// match finds the fault that a line (or a new connection) brings.
func (p *Proxy) match(line string, connection bool) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !connection {
		p.lines = append(p.lines, line)
	}
	for _, f := range p.faults {
		if f.hit < f.Times && (f.On == nil && connection || f.On != nil && !connection && f.On.MatchString(line)) {
			f.hit++
			return f
		}
	}
	return nil
}

// carry passes one connection on.
func (p *Proxy) carry(client net.Conn) {
	p.mu.Lock()
	p.taken++
	p.carried++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.carried--
	}()
	if !p.keep(client) {
		return
	}
	defer p.forget(client)
	server, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.forget(server)
	d := &downward{client: client, server: server}
	if f := p.match("", true); f != nil {
		d.set(f)
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(d, server)
		_ = server.Close()
		if !d.silent() {
			_ = client.Close()
		}
	})
	lines := bufio.NewReaderSize(client, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			if f := p.match(string(line), false); f != nil {
				d.set(f)
			}
			if _, werr := server.Write(line); werr != nil && !d.silent() {
				break
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	_ = server.Close()
	both.Wait()
}

// downward carries what the server says to the client.
type downward struct {
	client, server net.Conn
	mu             sync.Mutex
	fault          *Fault
	left           int
	over           bool
}

func (d *downward) set(f *Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.left = f, f.After
	if f.After == 0 {
		d.strike()
	}
}

// strike lets the fault set in; d.mu is held.
func (d *downward) strike() {
	if d.over {
		return
	}
	d.over = true
	if d.fault.Then != nil {
		d.fault.Then()
	}
	if d.fault.Do == Cut {
		_ = d.client.Close()
		_ = d.server.Close()
	}
}

func (d *downward) silent() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over && d.fault.Do == Silence
}

func (d *downward) Write(b []byte) (int, error) {
	d.mu.Lock()
	f, pass := d.fault, len(b)
	if f != nil && !d.over {
		pass = min(pass, d.left)
		d.left -= pass
	}
	over := d.over
	d.mu.Unlock()
	if over {
		switch f.Do {
		case Nothing:
			return d.client.Write(b)
		case Drip:
			for i := range b {
				<-time.After(20 * time.Millisecond)
				if _, err := d.client.Write(b[i : i+1]); err != nil {
					return i, err
				}
			}
		}
		return len(b), nil
	}
	if _, err := d.client.Write(b[:pass]); err != nil {
		return 0, err
	}
	if f != nil && pass < len(b) {
		d.mu.Lock()
		d.strike()
		d.mu.Unlock()
		n, err := d.Write(b[pass:])
		return pass + n, err
	}
	return len(b), nil
}
