"""A real ringway that takes changes, and ringctl with the words that it needs to make them."""

from asking.command import Running, ringctl
from harness import TOKEN, Ringway, TemporaryFolder, check


class Steered:
    """`kind` is Ringway, or Dynasty for one that is upgraded."""

    def __init__(self, body, kind=Ringway, **more):
        self.folder = TemporaryFolder()
        self.token = self.folder.file("token", TOKEN + "\n")
        self.ringway = kind(body, admin=f'token_file = "{self.token}"', **more)
        self.words = ["--admin", f"127.0.0.1:{self.ringway.admin_port}", "--token-file", self.token]

    def does(self, *words, status=0, **more):
        """One run, which has to end with that status; None: with any."""
        done = ringctl(*self.words, *words, **more)
        check(status in (None, done.status), f"{words} is to end with {status}: {done}")
        return done

    def running(self, *words):
        return Running(*self.words, *words)

    def rewrite(self, *pairs):
        """The configuration file with other texts in the place of some, as an editor would save it."""
        text = self.changed(*pairs)
        self.ringway.folder.file("ringway.toml", text)
        return text

    def changed(self, *pairs):
        """The text of the configuration at the start, with that changed."""
        text = self.ringway.text
        for old, new in pairs:
            if old not in text:
                raise AssertionError(f"not in the configuration: {old}")
            text = text.replace(old, new)
        return text

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        try:
            self.ringway.__exit__(*fault)
        finally:
            self.folder.remove()


__all__ = ["Steered"]
