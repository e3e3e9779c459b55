package servers

import (
	"os/exec"
	"runtime"
)

// spawn starts the command, says so, and waits for its end. The kernel sends
// Pdeathsig when the thread ends that started the process, so this goroutine
// keeps its thread until then.
func spawn(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait()
	}
}
