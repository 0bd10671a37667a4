"""Randomized tests: hours of random faults, checked against what the simulator knows to be true.

A run is a list of steps, drawn from a seed: faults between Home Assistant and Plex, revoked tokens,
streams, changes of the libraries, and actions of the user. The steps are executed on a Home
Assistant (the one of the tests, in process, with a clock that jumps) and a simulated Plex world,
over real HTTP on loopback. After every step of time each invariant is checked against the state of
the simulator; the integration's own view is never used as the reference.

    sites           the servers of a run, and how the entry of each got its token
    environment     the Plex world, Home Assistant and their common clock
    faults          the faults of requests, by name
    steps           what can happen, as data: a run is a list of these
    scenario        the list of steps that follows from a seed
    user            a user who follows a repair
    truth           the state of a token and its server, from the simulator
    token_evidence  how servers and plex.tv answered requests with a token
    alarms, secrecy, strangers, devices, traffic, freshness, parts, presence, growth, recovery
                    the invariants
    command         the command line; `bootstrap` replaces what pytest would set up
    runner          executes one run and returns its outcome
    shrinker        finds the shortest list of steps that still fails
    planted, planted_tokens     deliberate bugs (`bug`), and which invariant has to find each

`scripts/chaos` runs it.
"""
