"""The proxies that bench/macro/compare measures, each with the settings its own documentation recommends for this use: one
worker, kept upstream connections, no access log."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Missing(Exception):
    """A program that this machine does not have; the text says which."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, path="/", timeout=5):
    """The status line of a GET, or b"" when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12)
    except OSError:
        return b""


class Program:
    """A process on one CPU, ended by its own pid. Its output goes to a file that is shown when it does not come up."""

    def __init__(self, name, command, cpu, port):
        self.name = name
        self.port = port
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        deadline = time.monotonic() + 10
        while not fetch(port).startswith(b"HTTP/1.1 200"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                text = self.log.read().decode(errors="replace")
                self.stop()
                raise RuntimeError(f"{name} did not come up:\n{text}")
            time.sleep(0.05)

    def pids(self):
        """It and its children: nginx works in one."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def nginx_config(directory, port, origin_port, connections):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"""
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
worker_processes 1;
worker_rlimit_nofile {files};
events {{ worker_connections {min(2 * connections, files - 64)}; use epoll; multi_accept on; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream origin {{
        server 127.0.0.1:{origin_port};
        keepalive 2048;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
        location / {{ proxy_pass http://origin; }}
        location /fixed {{ proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_pass http://origin; }}
    }}
}}
"""


def haproxy_config(port, origin_port, connections):
    return f"""
global
    nbthread 1
    maxconn {connections}
    tune.bufsize 32768
    # two descriptors for each connection are asked for; idle ones need one only
    no strict-limits
defaults
    mode http
    timeout connect 3s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 600s
    http-reuse always
    maxconn {connections}
frontend clients
    bind 127.0.0.1:{port} backlog 4096
    default_backend origins
backend origins
    server one 127.0.0.1:{origin_port}
"""


# With health as it is by default, and a check; or with nothing of it.
HEALTH_ON = """
[[pool.health.check]]
path = "/health"
interval = "1s"
"""
HEALTH_OFF = """
[pool.suspicion]
enabled = false
[pool.breaker]
enabled = false
[pool.outlier]
enabled = false
"""


def ringway_config(port, origin_port, cpu, health):
    return f"""
[shards]
cpus = [{cpu}]
[[listener]]
name = "clients"
address = "127.0.0.1:{port}"
connections_per_client_max = 0
idle_timeout = "600s"
[[route]]
name = "all"
pool = "origins"
[[pool]]
name = "origins"
balance = "p2c"
idle_connections_max = 2048
[[pool.upstream]]
name = "one"
address = "127.0.0.1:{origin_port}"
{health}"""


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Missing(f"{program} is not installed; tools/setup installs it")
    return path


class Bench:
    """The programs of one comparison, in one directory; leaving it ends all of them."""

    def __init__(self, build, proxy_cpu, load_cpu, connections, older=None):
        self.build = Path(build)
        self.older = older
        self.proxy_cpu, self.load_cpu, self.connections = proxy_cpu, load_cpu, connections
        self.directory = tempfile.mkdtemp(prefix="ringway-bench-")
        os.chmod(self.directory, 0o755)
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.stop()
        shutil.rmtree(self.directory)

    def built(self, path):
        binary = self.build / path
        if not binary.exists():
            raise Missing(f"{binary} is not built")
        return binary

    def start(self, name, command, cpu, port):
        program = Program(name, command, cpu, port)
        self.programs.append(program)
        return program

    def stop(self, program):
        self.programs.remove(program)
        program.stop()

    def write(self, name, text):
        path = Path(self.directory) / name
        path.write_text(text)
        return path

    def start_origin(self):
        port = free_port()
        command = [self.built("tools/ringorigin"), "--listen", f"127.0.0.1:{port}", "--name", "bench"]
        return self.start("origin", command, self.load_cpu, port)

    def start_proxy(self, name, origin):
        port = free_port()
        health = {"ringway": HEALTH_ON, "health-off": HEALTH_OFF, "older": ""}
        if name in health:
            config = self.write(f"{name}.toml", ringway_config(port, origin.port, self.proxy_cpu, health[name]))
            command = [self.older if name == "older" else self.built("src/ringway"), "-c", config]
        elif name == "bare":
            command = [self.built("bench/macro/bare_relay"), "--listen", f"127.0.0.1:{port}", "--upstream",
                       f"127.0.0.1:{origin.port}"]
        elif name == "nginx":
            config = self.write("nginx.conf", nginx_config(self.directory, port, origin.port, self.connections))
            command = [find("nginx"), "-p", self.directory, "-c", config]
        elif name == "haproxy":
            config = self.write("haproxy.cfg", haproxy_config(port, origin.port, self.connections))
            command = [find("haproxy"), "-db", "-f", config]
        else:
            raise Missing(f"no proxy is called {name}")
        return self.start(name, command, self.proxy_cpu, port)


def version_of(name, build):
    if name in ("health-off", "older"):
        return "as configured for this comparison"
    commands = {"nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"], "ringway": [str(Path(build) / "src/ringway"), "-V"]}
    command = commands[name]
    command[0] = command[0] if "/" in command[0] else find(command[0])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]
