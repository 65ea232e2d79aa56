"""Which packages there are. The files that go with them stand in setup.cfg, all else in pyproject.toml.

Every folder of the matcher and of the web application that is a package belongs to it. The seed tables are a
package too, and lie elsewhere (`package_dir` in setup.cfg), where no discovery of setuptools looks.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["matcher*", "webapp*"]), "matcher.seed"])
