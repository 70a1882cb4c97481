// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What a consumer offers to be answered
/// @notice The oracle calls it once for every report that it accepts. Inherit {PhatConsumer} rather than implement it.
interface IPhatConsumer {
    /// @notice Receives the answer to a request of this contract.
    /// @dev Called with exactly the request's `callbackGasLimit` of gas. What it returns is ignored; when it reverts the
    /// answer is kept, and {IPhatOracle-retryCallback} can deliver it until the request expires. An implementation
    /// must refuse every caller but the oracle.
    /// @param requestId What {IPhatOracle-request} returned.
    /// @param outcome How the run ended: one of {Outcome}. A failed run is an answer too.
    /// @param output What the Phat Contract answered (outcome Ok), or its error (ContractError, EgressDenied); empty
    /// otherwise. At most the request's `maxOutput` bytes.
    /// @param executedAt When the worker says that it ran, in unix seconds. At most 300 s ahead of the block's time.
    function onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt) external;
}
