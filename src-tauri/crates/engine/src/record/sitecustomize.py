# Put in front of Python's search path by `proofmark run`: notes which files this interpreter opens, and from which line of
# which script. It changes nothing that the program does, and steps aside at the first trouble of its own.
import _thread
import os
import sys


def _held(name):
    # Each file by what identifies it, with what to say: see the library that does the same for native code.
    files = {}
    if name:
        with open(name, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            for fields in (line.rstrip("\n").split("\t") for line in lines):
                if len(fields) == 6:
                    device, inode, size, changed = map(int, fields[:4])
                    # Some systems give files no number; there the path has to do.
                    key = (device, inode) if inode else os.path.normcase(os.path.realpath(_plain(fields[4])))
                    files[key, size, changed] = (fields[4], fields[5])
    return files


def _plain(text):
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")


def _begin():
    trace = os.environ.get("PROOFMARK_TRACE_PYTHON")
    held = _held(os.environ.get("PROOFMARK_HELD"))
    if not hasattr(sys, "addaudithook") or not (trace or held):
        return
    fd = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600) if trace else None
    here = os.path.dirname(os.path.abspath(__file__))
    skipped = tuple(
        os.path.join(prefix, "") for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, here}
    ) + ("/proc/", "/sys/", "/dev/", "/usr/lib/", "/usr/share/", "/etc/")
    write, fspath, getpid, isabs, join, getcwd = os.write, os.fspath, os.getpid, os.path.isabs, os.path.join, os.getcwd
    # A thread at work here must not keep another one from being seen.
    busy, me = set(), _thread.get_ident

    def text(path):
        path = os.fsdecode(fspath(path))
        return path if isabs(path) else join(getcwd(), path)

    def cell(name):
        # IPython compiles each cell under a name of its own: `<ipython-input-3-...>`, `/tmp/ipykernel_71/123.py`.
        if not name.startswith("<ipython-input-") and not os.path.basename(os.path.dirname(name)).startswith("ipykernel_"):
            return 0
        try:
            shell = sys.modules["IPython"].get_ipython()
            return getattr(shell.compile, "_filename_map", {}).get(name) or shell.execution_count
        except Exception:
            return 0

    def line():
        frame = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            count = cell(name)
            if count:
                return "", frame.f_lineno, count
            if not name.startswith("<") and not name.startswith(skipped) and "site-packages" not in name:
                return name, frame.f_lineno, 0
            frame = frame.f_back
        return "", 0, 0

    def escape(value):
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")

    def refused(path):
        try:
            facts = os.stat(path)
        except OSError:
            return None
        rest = (facts.st_size, facts.st_mtime_ns)
        return held.get(((facts.st_dev, facts.st_ino), *rest)) or held.get((os.path.normcase(os.path.realpath(path)), *rest))

    def note(what, flags, first, second=""):
        if fd is None:
            return
        script, number, count = line()
        fields = (what, str(getpid()), str(flags & 0xFFFFFFFF), first, second, script, str(number), str(count))
        write(fd, ("\t".join(escape(it) for it in fields) + "\n").encode("utf-8", "surrogateescape"))

    def hook(event, arguments):
        if me() in busy:
            return
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, int):
                return
        elif event not in ("os.rename", "os.remove", "os.link", "os.truncate", "sqlite3.connect"):
            return
        busy.add(me())
        stop = None
        try:
            first = text(arguments[0])
            if held and event in ("open", "sqlite3.connect"):
                flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
                # Whoever writes it anew makes another file of it.
                if flags & 3 != os.O_WRONLY and not flags & os.O_TRUNC:
                    stop = refused(first)
            if stop:
                note("h", 0, _plain(stop[0]))
                return
            if first.startswith(skipped):
                return
            if event == "open":
                note("o", flags if isinstance(flags, int) else 0, first)
            elif event == "os.rename":
                note("m", 0, first, text(arguments[1]))
            elif event == "os.link":
                note("l", 0, first, text(arguments[1]))
            elif event == "os.remove":
                note("d", 0, first)
            elif first != ":memory:":
                note("o", os.O_RDWR, first)
        except Exception:
            pass
        finally:
            busy.discard(me())
            if stop:
                said = stop[0] + " is " + stop[1] + " Opening it was refused"
                os.write(2, ("proofmark: " + said + ".\n").encode("utf-8", "surrogateescape"))
                raise PermissionError(13, said, first)

    sys.addaudithook(hook)


def _pass_on():
    # Another sitecustomize may stand further back on the path; it must run as it would without us.
    import importlib.machinery

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [path for path in sys.path if os.path.abspath(path or ".") != here]
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if found is not None and found.loader is not None and found.origin != os.path.abspath(__file__):
        import importlib.util

        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)


try:
    _begin()
except Exception:
    pass
_pass_on()
