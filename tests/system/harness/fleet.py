"""As it is deployed: replicas of vestibule, a backend behind each, and an Express application that writes the same
sessions in the same Redis meanwhile."""
import threading

from . import cookies


def at_once(*acts):
    """Runs them in threads that begin together; their results in order. What one of them raises is raised."""
    out, barrier = [None] * len(acts), threading.Barrier(len(acts))

    def run(i, act):
        barrier.wait()
        try:
            out[i] = act()
        except BaseException as error:  # pylint: disable=broad-except
            out[i] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for result in out:
        if isinstance(result, BaseException):
            raise result
    return out


class Meanwhile:
    """As long as the block lasts Express counts views of these sessions, one save of the whole value after another.
    A session that has ended goes on as another one there, without a user; its count ends."""

    def __init__(self, express, *values, pause=1):
        self.express, self.pause = express, pause
        self.views = {value: [] for value in values}  # what it told, in order
        self._over = threading.Event()
        self._errors = []
        self._threads = [threading.Thread(target=self._write, args=(value,), daemon=True) for value in values]

    def _write(self, value):
        sid = cookies.unsign(value)
        try:
            while not self._over.is_set():
                _, told = self.express.get(f"/write?pause={self.pause}", value)
                if told["id"] != sid:
                    return
                self.views[value].append(told["views"])
        except Exception as error:  # pylint: disable=broad-except
            self._errors.append(error)

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for t in self._threads:
            t.join()
        assert not self._errors, self._errors
        for views in self.views.values():
            expected = list(range(views[0], views[0] + len(views))) if views else []
            assert views == expected, f"not one after the other: {views}"

    def count(self, value):
        return len(self.views[value])
