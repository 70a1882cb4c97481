// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../interfaces/IPhatOracle.sol";
import {PhatConsumer} from "../PhatConsumer.sol";

/// @title A consumer that does nothing with its answers
/// @notice For measuring what an oracle's part of an answer costs.
contract EmptyConsumer is PhatConsumer {
    constructor(IPhatOracle oracle_) PhatConsumer(oracle_) {}

    function _onPhatReport(bytes32, uint8, bytes calldata, uint64) internal override {}
}
