"""The methods that solve an assignment problem, one file or folder each; `registry` names them."""
