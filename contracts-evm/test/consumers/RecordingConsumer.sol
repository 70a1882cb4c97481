// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {AskingConsumer} from "./AskingConsumer.sol";

/// @title A well-behaved consumer that remembers what it last heard, and with how much gas
contract RecordingConsumer is AskingConsumer {
    uint256 public calls;
    bytes32 public lastRequestId;
    uint8 public lastOutcome;
    bytes public lastOutput;
    uint64 public lastExecutedAt;
    /// @notice The gas left at the callback's first instruction that could look.
    uint256 public lastGas;

    constructor(IPhatOracle oracle_) AskingConsumer(oracle_) {}

    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt)
        internal
        override
    {
        lastGas = gasleft();
        ++calls;
        lastRequestId = requestId;
        lastOutcome = outcome;
        lastOutput = output;
        lastExecutedAt = executedAt;
    }
}
