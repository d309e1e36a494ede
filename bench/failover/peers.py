"""The proxies, each with the settings of its documentation that fail over best. Where a number must be chosen (a time-out, an
interval) it is the shortest that an operator can defend on a network with round trips of some 20 ms."""

import os
import shutil
import subprocess
from pathlib import Path

from wire import Missing

NAMES = {"ringway": "ringway", "ringway-off": "ringway, health off", "nginx": "nginx", "haproxy": "HAProxy"}


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Missing(f"{program} is not installed; tools/setup installs it")
    return path


def nginx_config(network, directory, workers):
    # max_fails=1: one failure takes a server out; the default too. fail_timeout=1s (10s by default) is how long it stays out,
    # and then a request of a client tries it again: nginx of this edition has no active checks. zone: the workers share what
    # they learn. least_conn sends less to a slow server. proxy_next_upstream names everything that may be repeated, 429
    # included; an answer later than proxy_read_timeout (60s by default) is given up and asked of the next, and 1s is already
    # too short for many services.
    servers = "\n".join(f"server {address}:{network.origin_port} max_fails=1 fail_timeout=1s;" for address in network.origins)
    return f"""
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
worker_processes {workers};
events {{ worker_connections 4096; }}
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
    upstream origins {{
        zone origins 256k;
        least_conn;
        {servers}
        keepalive 256;
        keepalive_requests 1000000000;
        keepalive_timeout 60s;
    }}
    server {{
        listen {network.proxy_address}:{network.proxy_port};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_connect_timeout 250ms;
        proxy_read_timeout 1s;
        proxy_send_timeout 1s;
        proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504 http_429;
        proxy_next_upstream_tries 3;
        location / {{ proxy_pass http://origins; }}
    }}
}}
"""


def haproxy_config(network, workers):
    # retry-on all-retryable-errors with redispatch 1: the first retry goes to another server, after a refused, reset, silent or
    # 5xx answer (429 cannot be named in this version). Active checks every 500 ms and every 100 ms while the state turns
    # (inter 2s, fall 3, rise 2 by default); observe layer7 with error-limit 1 marks a server down by its traffic, as nginx's
    # max_fails=1 (10 by default). Not on-marked-down shutdown-sessions: it cuts what waits at a server that goes down, and that is
    # not retried, so clients see errors. leastconn sends less to a slow server. http-reuse always is recommended with retry-on.
    # timeout server: as nginx's proxy_read_timeout here; its example configuration has 1m.
    servers = "\n".join(f"    server o{index} {address}:{network.origin_port} check port {network.check_port}"
                        for index, address in enumerate(network.origins))
    return f"""
global
    nbthread {workers}
    maxconn 4096
    no strict-limits
defaults
    mode http
    timeout connect 250ms
    timeout server 1s
    timeout check 250ms
    timeout client 600s
    timeout queue 1s
    timeout http-keep-alive 600s
    option redispatch 1
    retries 3
    retry-on all-retryable-errors
    http-reuse always
frontend clients
    bind {network.proxy_address}:{network.proxy_port}
    default_backend origins
backend origins
    balance leastconn
    option httpchk GET /health
    default-server inter 500ms fastinter 100ms downinter 250ms fall 2 rise 2 observe layer7 error-limit 1 on-error mark-down pool-purge-delay 60s
{servers}
"""


# Checks every 500 ms, as HAProxy's here. A probe of a suspicion may take 4 ms at least (10 ms by default), which suits a network
# whose round trips do not jitter. Warm connections are kept for what an upstream that fails leaves to the others, and outliers
# are looked for within 2 s and from twice their peers' latency on (10 s and 5 times by default: fewer false alarms). Everything else is
# the default.
RINGWAY_HEALTH = """
idle_connections_min = 8
[pool.outlier]
window = "2s"
latency_factor = 2.0
[pool.suspicion]
probe_min = "4ms"
[pool.health]
[[pool.health.check]]
path = "/health"
port = {check_port}
interval = "500ms"
fast_interval = "250ms"
timeout = "500ms"
"""
RINGWAY_HEALTH_OFF = """
[pool.suspicion]
enabled = false
[pool.breaker]
enabled = false
[pool.outlier]
enabled = false
[pool.hedge]
connect = false
[pool.queue]
length_max = 0
[pool.retry]
attempts_max = 1
"""


def ringway_config(network, workers, health):
    # first_byte_timeout as the others' read time-out: without suspicion it is what ends a silent request.
    upstreams = "\n".join(f'[[pool.upstream]]\nname = "o{index}"\naddress = "{address}:{network.origin_port}"'
                          for index, address in enumerate(network.origins))
    return f"""
[shards]
count = {workers}
[admin]
listen = "{network.proxy_address}:{network.admin_port}"
[[listener]]
name = "clients"
address = "{network.proxy_address}:{network.proxy_port}"
[[route]]
name = "all"
pool = "origins"
[[pool]]
name = "origins"
balance = "p2c"
connect_timeout = "250ms"
first_byte_timeout = "1s"
{health.format(check_port=network.check_port)}
{upstreams}
"""


def command_of(name, build, network, directory, workers):
    """The command line that starts a proxy, its configuration written to the directory."""
    if name.startswith("ringway"):
        binary = Path(build) / "src/ringway"
        if not binary.exists():
            raise Missing(f"{binary} is not built")
        config = Path(directory) / f"{name}.toml"
        config.write_text(ringway_config(network, workers, RINGWAY_HEALTH_OFF if name == "ringway-off" else RINGWAY_HEALTH))
        return [binary, "-c", config]
    if name == "nginx":
        config = Path(directory) / "nginx.conf"
        config.write_text(nginx_config(network, directory, workers))
        return [find("nginx"), "-p", directory, "-c", config]
    config = Path(directory) / "haproxy.cfg"
    config.write_text(haproxy_config(network, workers))
    return [find("haproxy"), "-db", "-f", config]


def version_of(name, build):
    commands = {"nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"]}
    command = commands.get(name, [str(Path(build) / "src/ringway"), "-V"])
    command[0] = command[0] if "/" in command[0] else find(command[0])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]
