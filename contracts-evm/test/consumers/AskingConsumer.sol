// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatConsumer} from "../../src/PhatConsumer.sol";

/// @title A consumer that asks whatever it is told, and is answered by what derives from it
abstract contract AskingConsumer is PhatConsumer {
    constructor(IPhatOracle oracle_) PhatConsumer(oracle_) {}

    /// @notice Asks; pays all that is sent along.
    function ask(
        bytes32 contractId,
        uint64 minRevision,
        bytes calldata payload,
        uint32 callbackGasLimit,
        uint32 maxOutput,
        uint64 lifetime
    ) external payable returns (bytes32) {
        return _ask(contractId, minRevision, payload, callbackGasLimit, maxOutput, lifetime, msg.value);
    }

    function withdrawRefund(address payable to) external {
        _withdrawRefund(to);
    }
}
