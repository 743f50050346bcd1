"""Where the app is installed: inside the package, because `app` is too common a name to take.

It still imports itself as `app`, see `app/main.py`. Everything else is in pyproject.toml.
"""

from setuptools import find_packages, setup

INSIDE = "awrsr._inspector"

setup(
    packages=[
        *find_packages(include=["awrsr", "awrsr.*"]),
        *(f"{INSIDE}.{name}" for name in find_packages(include=["app", "app.*"])),
    ],
    package_dir={f"{INSIDE}.app": "app"},
)
