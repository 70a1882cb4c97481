// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What checks a worker's hardware evidence
/// @notice One implementation for each kind of evidence: the simulated quote of development, an Intel DCAP quote, …
interface IAttestationVerifier {
    /// @notice Checks that `evidence` is genuine, and reads what it vouches for.
    /// @dev Reverts, with whatever error fits, when the evidence is not genuine, is outdated by the verifier's own
    /// rules (certificates, TCB levels), or can't be decoded. It knows nothing of workers or registries: the caller
    /// judges the measurement, and compares the report data with what it expects.
    /// Not `view`, so that an implementation may keep state (cached certificates); one that has none declares `view`.
    /// @param evidence The quote, in the implementation's own encoding.
    /// @return measurement What code the evidence says is running. An implementation whose hardware has several
    /// registers (TDX: MRTD and RTMR0-3) answers one hash over those that identify the code, as it documents.
    /// @return reportData The 64 bytes that the code had the hardware vouch for.
    function verify(bytes calldata evidence) external returns (bytes32 measurement, bytes memory reportData);
}
