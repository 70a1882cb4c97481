// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {AskingConsumer} from "./AskingConsumer.sol";

/// @title A consumer whose callback reverts until it is told not to
contract RevertingConsumer is AskingConsumer {
    /// @notice Whether the callback reverts. True at first.
    bool public reverting = true;
    /// @notice How many answers were taken.
    uint256 public answers;

    event AnswerTaken(bytes32 indexed requestId, uint8 outcome, bytes output, uint64 executedAt);

    error TurnedAway(bytes32 requestId);

    constructor(IPhatOracle oracle_) AskingConsumer(oracle_) {}

    /// @notice Has the callback revert, or take answers.
    function setReverting(bool reverting_) external {
        reverting = reverting_;
    }

    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt)
        internal
        override
    {
        require(!reverting, TurnedAway(requestId));
        ++answers;
        emit AnswerTaken(requestId, outcome, output, executedAt);
    }
}
