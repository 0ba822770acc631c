"""A network in three phases: 3x3 blocks of impedances, and how transformers join the phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.energy.flow.network import Complex, Floats, Network
from twin.errors import DataError

_TURN = np.exp(2j * np.pi / 3.0)
SEQUENCES: Complex = np.array([[1.0, 1.0, 1.0], [1.0, _TURN**2, _TURN], [1.0, _TURN, _TURN**2]])
"""Phases a, b, c from the zero, positive and negative sequence (Fortescue 1918)."""


@dataclass(frozen=True)
class PhaseNetwork:
    """A radial network whose phases carry different loads.

    Attributes
    ----------
    balanced
        Buses, branches and switches, with the impedances of the positive sequence. Shunts and the
        ratio's angle hold for the negative sequence too, the angle the other way round.
    series : (n_branch, 3, 3) complex128, per unit
        Impedance between the phases, the neutral reduced away (Kron); seen from the *to* end.
    from_shunt, to_shunt : (n_branch, 3, 3) complex128, per unit
        Admittances to earth.
    joins_zero : (n_branch,) bool
        The zero sequence passes: a line, or a transformer YNyn. Behind a transformer Dyn the star
        point is earthed and the zero sequence is fed by nothing but the loads.
    source : (n_slack, 3, 3) complex128, per unit
        Impedance behind which each slack's voltage stands; none where it holds whatever flows.
    """

    balanced: Network
    series: Complex
    from_shunt: Complex
    to_shunt: Complex
    joins_zero: np.typing.NDArray[np.bool_]
    source: Complex | None = None

    def connection(self) -> Complex:
        """``V_to = C V_from`` of each branch without load; (n_branch, 3, 3) complex128."""
        ratio = self.balanced.ratio
        sequence = np.zeros((len(ratio), 3), dtype=np.complex128)
        sequence[:, 0] = np.where(self.joins_zero, 1.0 / np.abs(ratio), 0.0)
        sequence[:, 1], sequence[:, 2] = 1.0 / ratio, 1.0 / ratio.conj()
        return in_phases(sequence)


def in_phases(sequence: Complex) -> Complex:
    """3x3 blocks of zero, positive and negative sequence values; (n, 3) to (n, 3, 3)."""
    back = np.linalg.inv(SEQUENCES)
    blocks: Complex = SEQUENCES[None] @ (sequence[:, :, None] * back[None])
    return np.ascontiguousarray(blocks)


def from_sequences(
    balanced: Network,
    zero_series: Complex,
    zero_from_shunt: Complex,
    zero_to_shunt: Complex,
    joins_zero: np.typing.NDArray[np.bool_],
    source: Complex | None = None,
) -> PhaseNetwork:
    """A network of transposed lines, from its zero and positive sequence; (n_branch,), per unit."""

    def blocks(zero: Complex, positive: Complex) -> Complex:
        return in_phases(np.stack([zero, positive, positive], axis=1))

    return PhaseNetwork(
        balanced,
        blocks(zero_series, balanced.series),
        blocks(zero_from_shunt, balanced.from_shunt),
        blocks(zero_to_shunt, balanced.to_shunt),
        joins_zero,
        source,
    )


def kron_reduced(impedance: Complex) -> Complex:
    """4x4 blocks of phases and neutral as 3x3, the neutral earthed at both ends.

    ``Z_abc - Z_an Z_nn⁻¹ Z_na`` (Kron; Kersting, Distribution System Modeling and Analysis, 4.1).

    Parameters
    ----------
    impedance : (n, 4, 4) complex128

    Raises
    ------
    DataError
        A neutral without impedance.
    """
    if (impedance[:, 3, 3] == 0.0).any():
        raise DataError("a neutral without an impedance", allowed="a resistance or a reactance")
    reduced: Complex = (
        impedance[:, :3, :3] - impedance[:, :3, 3:] * impedance[:, 3:, :3] / impedance[:, 3:, 3:]
    )
    return reduced


def unbalance(voltage: Complex) -> Floats:
    """Voltage unbalance factor, negative over positive sequence, 1 (EN 50160 allows 0.02).

    Parameters
    ----------
    voltage : (n_bus, 3, n_step) complex128
        0 without supply, whose factor is 0.
    """
    sequence = np.einsum("ij,bjs->bis", np.linalg.inv(SEQUENCES), voltage)
    positive, negative = np.abs(sequence[:, 1]), np.abs(sequence[:, 2])
    share: Floats = np.divide(
        negative, positive, out=np.zeros_like(negative), where=~(positive == 0.0)
    )
    return share
