"""What the tests' mail server does with mail: keeps it in a folder, or refuses it by its recipient."""

from aiosmtpd.handlers import Mailbox


class Picky(Mailbox):
    """`refused@…` is nobody, `later@…` is told to come again, everybody else gets their mail."""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused@"):
            return "550 5.1.1 there is nobody of this name"
        if address.startswith("later@"):
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"
