"""A network namespace behind a wire of its own, whose packets can be dropped. Needs root, ip and nft."""

import os
import subprocess


class NoNamespaces(Exception):
    """This machine or user cannot have one; the text says why."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNamespaces(f"{' '.join(command)}: {done.stderr.strip()}")


class Namespace:
    """`host` is its address as it is seen from here; `within` goes before a command that is to run in it."""

    def __init__(self):
        if os.geteuid() != 0:
            raise NoNamespaces("it needs root")
        pid = os.getpid()
        self.name = f"rw-{pid}"
        self.host = f"10.201.{pid % 250}.{4 * (pid // 250 % 60) + 2}"
        near = self.host[: self.host.rindex(".")] + f".{4 * (pid // 250 % 60) + 1}"
        self.within = ("ip", "netns", "exec", self.name)
        try:
            run("ip", "netns", "add", self.name)
            run(
                "ip",
                "link",
                "add",
                f"rwa{pid}",
                "type",
                "veth",
                "peer",
                "name",
                f"rwb{pid}",
                "netns",
                self.name,
            )
            run("ip", "address", "add", f"{near}/30", "dev", f"rwa{pid}")
            run("ip", "link", "set", f"rwa{pid}", "up")
            run(*self.within, "ip", "address", "add", f"{self.host}/30", "dev", f"rwb{pid}")
            run(*self.within, "ip", "link", "set", f"rwb{pid}", "up")
            run(*self.within, "ip", "link", "set", "lo", "up")
            run(*self.within, "nft", "add table ip wire")
            run(*self.within, "nft", "add chain ip wire in { type filter hook input priority 0; }")
        except (NoNamespaces, FileNotFoundError) as fault:
            self.close()
            raise NoNamespaces(str(fault)) from None

    def drop(self, port):
        """From now on no packet reaches that port."""
        run(*self.within, "nft", f"add rule ip wire in tcp dport {port} drop")

    def let_through(self):
        run(*self.within, "nft", "flush chain ip wire in")

    def close(self):
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


__all__ = ["Namespace", "NoNamespaces"]
