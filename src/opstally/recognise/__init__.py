"""Exports nobody has described → proposals of how to load them, with reasons, questions and a preview."""

from opstally.recognise.proposal import Proposal, ProposedSource, propose
from opstally.recognise.write import write

__all__ = ["Proposal", "ProposedSource", "propose", "write"]
