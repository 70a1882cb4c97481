// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {AskingConsumer} from "./AskingConsumer.sol";

/// @title A consumer that takes no ether, but can say who takes its refunds
contract RefundRefusingConsumer is AskingConsumer {
    error NoEtherPlease();

    constructor(IPhatOracle oracle_) AskingConsumer(oracle_) {}

    receive() external payable {
        revert NoEtherPlease();
    }

    function _onPhatReport(bytes32, uint8, bytes calldata, uint64) internal override {}
}
