# Debian's packages for tests, without giving the machine a server that it did
# not ask for. Sourced by .ci/cc and .ci/postgres; see the two functions below.
#
# ALLOW_INSTALL=1   install on the host (as root) instead of unpacking; no
#                   service is started, no database cluster is made

say() { printf '%s\n' "$*" >&2; }

die() {
	say "${0##*/}: $*"
	exit 1
}

cache() { printf '%s' "${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/leadmail"; }

# apt with lists of its own, so that an ordinary user can update them and the
# host's are left as they are.
apt() {
	local state command=$1
	state=$(cache)/apt
	shift
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	"apt-$command" -q -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

# unpack NAME PATTERN [PACKAGE...]: the newest package whose name matches the
# extended regular expression, the further packages, and whatever of their
# dependencies the host lacks, unpacked into a folder of the cache. Prints that
# folder. Maintainer scripts do not run, nothing outside the cache is written.
unpack() {
	command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
		die "$1 is missing and this is no Debian: install it, then try again"
	local name=$1 pattern=$2 root package missing
	shift 2
	# shellcheck source=/dev/null
	root=$(cache)/$name-$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-debian}")-$(dpkg --print-architecture)
	if [ -e "$root/.complete" ]; then
		printf '%s' "$root"
		return
	fi
	say "$name: not on this machine; unpacking Debian's packages into $root"
	apt get update >/dev/null || die "apt-get update failed: is the Debian mirror reachable?"
	package=$(apt cache search --names-only "$pattern" | cut -d' ' -f1 | sort -V | tail -1)
	[ -n "$package" ] || die "no Debian package is named like $pattern"
	# What an installation would bring beyond what is there. LLVM is only for the
	# just-in-time compiler of PostgreSQL, which is switched off.
	missing=$(apt get --simulate --no-install-recommends install "$package" "$@" |
		awk '$1 == "Inst" && $2 !~ /^libllvm/ {print $2}') || die "apt-get cannot resolve $package"
	rm -rf "$root" "$root.part"
	mkdir -p "$root.part/.debs"
	(
		cd "$root.part/.debs"
		# shellcheck disable=SC2086
		apt get download $(printf '%s\n' "$package" "$@" $missing | sort -u) >/dev/null
		for deb in *.deb; do dpkg -x "$deb" ..; done
	) || die "downloading and unpacking $package failed"
	rm -rf "$root.part/.debs"
	touch "$root.part/.complete"
	mv "$root.part" "$root"
	printf '%s' "$root"
}

# libraries ROOT: the folders of an unpacked root in which libraries lie.
libraries() {
	local dir all=
	for dir in "$1"/lib/*-linux-gnu* "$1"/usr/lib/*-linux-gnu*; do
		[ ! -d "$dir" ] || all+=${all:+:}$dir
	done
	printf '%s' "$all"
}

# may_install: whether packages may be installed on this host.
may_install() { [ "${ALLOW_INSTALL:-}" = 1 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# install_packages PACKAGE...: installs on the host; services stay down, by
# policy-rc.d (invoke-rc.d asks it) unless the host has one already.
install_packages() {
	local policy=/usr/sbin/policy-rc.d ours='' status=0
	say "installing $* (ALLOW_INSTALL=1)"
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		ours=1
	fi
	{
		apt-get -q update &&
			DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
	} >&2 || status=$?
	[ -z $ours ] || rm -f $policy
	[ $status = 0 ] || die "apt-get could not install $*"
}

# unpack_root NAME PACKAGE...: the packages with all that they depend on,
# unpacked into a folder of the cache that is a root of its own: nothing of the
# host is needed to run what lies there, whatever the host has installed. Prints
# that folder. Perl and what only maintainer scripts use are left out.
unpack_root() {
	command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
		die "$1 are unpacked from Debian's packages, and this is no Debian"
	local name=$1 root part closure
	shift
	# shellcheck source=/dev/null
	root=$(cache)/$name-$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-debian}")-$(dpkg --print-architecture)
	if [ -e "$root/.complete" ]; then
		printf '%s' "$root"
		return
	fi
	say "$name: unpacking Debian's packages into $root"
	# With an empty status nothing counts as installed.
	local nothing=(-o Dir::State::status=/dev/null)
	apt get "${nothing[@]}" update >/dev/null || die "apt-get update failed: is the Debian mirror reachable?"
	closure=$(apt get "${nothing[@]}" --simulate --no-install-recommends install "$@" |
		awk '$1 == "Inst" && $2 !~ /^(lib)?perl|-perl$|^(usrmerge|dpkg|debconf|adduser|ucf|e2fsprogs|logsave|cpio|openssl|ssl-cert)$/ {print $2}') ||
		die "apt-get cannot resolve $*"
	# The lock makes a second one, started meanwhile, wait for the first.
	(
		flock 9
		[ ! -e "$root/.complete" ] || exit 0
		part=$root.part
		rm -rf "$root" "$part"
		mkdir -p "$part/.debs" "$part/usr"/{bin,sbin,lib,lib64,lib32,libx32}
		for dir in bin sbin lib lib64 lib32 libx32; do ln -s "usr/$dir" "$part/$dir"; done
		cd "$part/.debs"
		# shellcheck disable=SC2086
		apt get "${nothing[@]}" download $closure >/dev/null
		for deb in *.deb; do
			# Older packages name /bin and /lib, which are links here as on any Debian.
			dpkg-deb --fsys-tarfile "$deb" | tar -C .. -x --keep-directory-symlink --no-same-owner
		done
		cd ..
		rm -rf .debs usr/share/{doc,man,locale,info,lintian}
		touch .complete
		cd /
		mv "$part" "$root"
	) 9>"$root.lock" || die "downloading and unpacking of $* failed"
	printf '%s' "$root"
}
