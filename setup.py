"""Which packages there are; everything else about the project stands in setup.cfg.

Every folder of the matcher and of the web application that is a package belongs to it. The seed tables are a
package too, and lie elsewhere (`package_dir` in setup.cfg), where setup.cfg's own discovery does not look.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["matcher*", "webapp*"]), "matcher.seed"])
