"""IMAP by a simple model, and random clients that compare a real server with it.

    model.py             what a mailbox is, and what a client may believe of it
    connection.py        a fast, plain IMAP connection
    client.py            one client: its dialect, its view, what it takes from responses
    commands.py          random legal commands, and what the model says that they answer
    mailbox_commands.py  more of them
    driver.py            many clients at one account; on a difference the shortest way there
    storm.py             the same clients all at once
    histories.py         clients that go offline and come back by QRESYNC
"""
