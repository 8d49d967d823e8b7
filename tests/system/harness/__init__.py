"""What the system tests stand on: the program, its neighbours, and plain sockets to talk to them."""
