// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title How the run of a Phat Contract ended
/// @notice The oracle carries an outcome as an opaque number; consumers compare it with these.
library Outcome {
    /// @notice The contract answered; the output is its answer.
    uint8 internal constant OK = 0;
    /// @notice The contract answered with an error; the output is that error, cut at `maxOutput`.
    uint8 internal constant CONTRACT_ERROR = 1;
    /// @notice The contract trapped (panicked, or did what wasm forbids).
    uint8 internal constant TRAPPED = 2;
    /// @notice The contract used up the whole fuel of a run.
    uint8 internal constant OUT_OF_FUEL = 3;
    /// @notice The contract trapped after it was refused more memory.
    uint8 internal constant OUT_OF_MEMORY = 4;
    /// @notice The run took longer than a run may.
    uint8 internal constant TIMED_OUT = 5;
    /// @notice The answer was longer than `maxOutput`.
    uint8 internal constant OUTPUT_TOO_LARGE = 6;
    /// @notice The contract failed after its last HTTP call was denied; the output is its error, if it gave one.
    uint8 internal constant EGRESS_DENIED = 7;
    /// @notice The contract can't start, doesn't know the message, or answered undecodable bytes.
    uint8 internal constant BAD_CONTRACT = 8;
    /// @notice Reserved: workers answered differently.
    uint8 internal constant DISAGREED = 9;
}
