package servers

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Numbers of the users in the private root (.ci/servers writes its passwd).
const (
	postfixUser = 101
	mailUser    = 105
)

// enter makes the private root, read-only, with the folder as /srv and a /dev of
// its own (so that nothing reaches the host's system log), and becomes the
// server there.
const enter = `set -eu
root=$1 folder=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$folder" "$root/srv"
mount -t tmpfs -o mode=755 leadmail "$root/run"
mount -t tmpfs -o mode=1777 leadmail "$root/tmp"
mount -t tmpfs -o mode=755 leadmail "$root/dev"
for device in null zero random urandom; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
exec chroot "$root" "$@"
`

// root is the folder with the unpacked servers.
func root(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("LEADMAIL_TEST_ROOT")
	if folder == "" {
		t.Fatal("LEADMAIL_TEST_ROOT names no root with Dovecot and Postfix: run the tests through .ci/servers (make test does)")
	}
	if os.Getuid() != 0 {
		t.Fatal("Dovecot and Postfix change users and enter a root of their own, which takes root: run the tests through .ci/servers, which gets it in a user namespace")
	}
	return folder
}

// process is one server.
type process struct {
	name   string
	folder string // /srv within
	args   []string
	cmd    *exec.Cmd
	ended  chan struct{}
	output *os.File
}

// folder makes a folder for a server. A short path: it may hold sockets.
func folder(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "leadmail-"+name+"-")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // the server's other users must get in
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, file := range []string{"log", "output"} {
				b, _ := os.ReadFile(filepath.Join(dir, file))
				lines := strings.Split(strings.TrimSpace(string(b)), "\n")
				t.Logf("%s, the end of its %s:\n%s", name, file, strings.Join(lines[max(0, len(lines)-40):], "\n"))
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// start runs the server until stop, or until the test process ends.
func (p *process) start(root string) error {
	var err error
	if p.output, err = os.OpenFile(filepath.Join(p.folder, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	p.cmd = exec.Command("/bin/sh", append([]string{"-c", enter, "sh", root, p.folder}, p.args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC", "LC_ALL=C"}
	p.cmd.Dir = "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Setpgid:    true, // Ctrl-C at the terminal is the test's business
		Pdeathsig:  syscall.SIGKILL,
	}
	spawned := make(chan error)
	p.ended = make(chan struct{})
	go spawn(p.cmd, spawned, p.ended)
	if err := <-spawned; err != nil {
		_ = p.output.Close()
		if errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("start %s: the kernel refuses namespaces (CLONE_NEWNS, CLONE_NEWPID); in a container it takes --cap-add SYS_ADMIN: %w", p.name, err)
		}
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	return nil
}

// stop ends the server: by the signal, or after ten seconds by force.
func (p *process) stop(signal syscall.Signal) error {
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		_ = p.output.Close()
		return fmt.Errorf("%s did not end within 10 s of %s", p.name, signal)
	}
	return p.output.Close()
}

// ready waits until the server answers at all addresses.
func (p *process) ready(addresses ...string) error {
	for _, a := range addresses {
		answers := until(p.ended, 20*time.Second, func() bool {
			c, err := net.DialTimeout("tcp", a, time.Second)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
		if !answers {
			return p.died("does not answer at " + a)
		}
	}
	// Whoever answers may be somebody else, who has taken the port meanwhile.
	select {
	case <-p.ended:
		return p.died("ended at once")
	default:
		return nil
	}
}

func (p *process) died(how string) error {
	var all []string
	for _, file := range []string{"output", "log"} {
		b, _ := os.ReadFile(filepath.Join(p.folder, file))
		all = append(all, string(b))
	}
	return fmt.Errorf("%s %s: %s", p.name, how, strings.Join(all, "\n"))
}

// put writes a file into the server's folder.
func (p *process) put(name, text string, mode os.FileMode) error {
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// nextPort is where the search for a free port goes on.
var nextPort atomic.Int32

func init() { nextPort.Store(int32(os.Getpid() % 10000)) }

// freePort is a port at which nobody listens now, below the range from which
// Linux serves port 0. Somebody may take it before the server does: a server is
// started anew at other ports then.
func freePort() (int, error) {
	for range 1000 {
		port := 21000 + int(nextPort.Add(7))%11000
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port between 21000 and 32000 is free")
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// launch starts a server at n free ports, at others when one is taken meanwhile.
func launch(t testing.TB, root string, p *process, n int, configure func(ports []int) error) []int {
	t.Helper()
	var failure error
	for range 3 {
		ports := make([]int, n)
		var addresses []string
		for i := range ports {
			var err error
			if ports[i], err = freePort(); err != nil {
				t.Fatal(err)
			}
			addresses = append(addresses, address(ports[i]))
		}
		if err := configure(ports); err != nil {
			t.Fatal(err)
		}
		if err := p.start(root); err != nil {
			t.Fatal(err)
		}
		if failure = p.ready(addresses...); failure == nil {
			return ports
		}
		_ = p.stop(syscall.SIGKILL)
		if !strings.Contains(failure.Error(), "in use") {
			break
		}
	}
	t.Fatal(failure)
	return nil
}

// dump is the whole of a file in the server's folder.
func (p *process) dump(name string) string {
	f, err := os.Open(filepath.Join(p.folder, name))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	b, _ := io.ReadAll(f)
	return string(b)
}
