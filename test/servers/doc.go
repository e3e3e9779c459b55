// Package servers starts real mail servers for tests: Debian's Dovecot and
// Postfix, private to a test, on free ports of 127.0.0.1.
//
// The job: [StartDovecot] and [StartPostfix] make a folder, a configuration and
// certificates, start the server in the foreground and wait until it answers.
// The promise: nothing of the machine is used or changed but the temporary
// folder, no system service is needed or touched, and whatever becomes of the
// test, no server outlives it. The trap: it takes LEADMAIL_TEST_ROOT, a root
// folder with the unpacked packages, which .ci/servers makes, and the rights to
// enter it; without them a test fails and is not skipped.
//
// Each server is process 1 of namespaces of its own (mounts and process
// numbers), in a root that is the unpacked one, read-only, with the temporary
// folder as /srv. When that process ends, the kernel ends the rest, and it is
// killed when the test process ends.
package servers
