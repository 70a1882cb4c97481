// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatConsumer} from "../../src/PhatConsumer.sol";

/// @title A consumer that counts its answers, turns them away while it is obstructed, and always tries to re-enter
contract CountingConsumer is PhatConsumer {
    /// @notice How many answers to a request were taken.
    mapping(bytes32 requestId => uint256) public answersTo;
    /// @notice Whether callbacks fail at the moment.
    bool public obstructed;
    /// @notice How often a guarded function of the oracle could be called from within a callback.
    uint256 public reentries;

    error Obstructed();

    constructor(IPhatOracle oracle_) PhatConsumer(oracle_) {}

    function setObstructed(bool obstructed_) external {
        obstructed = obstructed_;
    }

    function _onPhatReport(bytes32 requestId, uint8, bytes calldata, uint64) internal override {
        require(!obstructed, Obstructed());
        ++answersTo[requestId];
        try oracle.fulfillBatch(new IPhatOracle.Entry[](0)) {
            ++reentries;
        } catch {}
    }
}
