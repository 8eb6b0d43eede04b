"""Where the return of a leveraged product came from, and what may be expected of one."""
