"""Who may do what: principals with their keys and policies, signatures, replays, rates, and the record of it all."""
