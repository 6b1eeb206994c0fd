# A build script that tries to get out. A line that begins with "escaped" is a hole.
escaped() { echo "escaped: $*"; }
attempt() { sh -c "$2" >/dev/null 2>&1 && escaped "$1"; }

attempt "read a file of the host" "cat '@SECRET@'"
attempt "saw the repository" "ls '@REPO@'"
attempt "saw the user's home" "ls -d '@HOME@/.cargo' || ls -d '@HOME@/.cache' || ls -d '@HOME@/.ssh'"
attempt "wrote to installed packages" "echo x >> ../../node_modules/is-number/index.js"
attempt "added an installed package" "mkdir ../../node_modules/written-by-a-step"
attempt "removed an installed package" "mv ../../node_modules/is-number /tmp"
attempt "wrote to the root file system" "touch /usr/written-by-a-step"
attempt "wrote to /etc" "touch /etc/written-by-a-step"
attempt "wrote to its programs" "touch /run/bin/yarn"
# Opened for writing, and nothing written.
attempt "may change the kernel's settings" ": >> /proc/sys/kernel/core_pattern"
attempt "may drop the kernel's caches" ": >> /proc/sys/vm/drop_caches"
attempt "may reach the kernel's trigger" ": >> /proc/sysrq-trigger"
attempt "sees the kernel's devices" "ls /sys/class"
attempt "has namespaces and mounts of its own and made packages writable" "python3 ./hostile.py ../../node_modules"
attempt "sees a process of the host" "grep -l xtask /proc/*/comm"
attempt "has a handle of the builder's" "ls -l /proc/self/fd | grep -e state -e lock"
attempt "fetched from the host" "node -e 'fetch(\"http://127.0.0.1:@PORT@\").then(() => process.exit(0), () => process.exit(1))'"
attempt "found a name server" "node -e 'require(\"dns\").promises.lookup(\"registry.npmjs.org\").then(() => process.exit(0), () => process.exit(1))'"
attempt "has a secret in its environment" "env | grep canary"
attempt "found a secret" "ls /run/secrets/*"

touch /dev/backstage-xtask-test ../../written-by-a-step written-by-a-step
# Processes that outlive their parent, one of them in a session of its own, with and without our output.
node -e 'const { spawn } = require("child_process");
  for (const stdio of ["inherit", "ignore"]) spawn("sleep", ["98765"], { detached: true, stdio }).unref();'
nohup sleep 98765 &
echo "tried everything"
