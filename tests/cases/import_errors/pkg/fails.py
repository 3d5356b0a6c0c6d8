raise LookupError("in the module")
