// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {AskingConsumer} from "./AskingConsumer.sol";

/// @title A consumer whose callback does what harms others most, and that takes no ether
contract HostileConsumer is AskingConsumer {
    /// @notice What the callback does.
    enum Mode {
        Behave,
        ReturnBomb,
        RevertBomb,
        BurnGas,
        Reenter
    }

    uint256 private constant BOMB = 200_000;

    /// @notice What the callback does at the moment.
    Mode public mode;
    /// @notice How many answers were taken.
    uint256 public answers;
    /// @notice How often a guarded function of the oracle, or money, was reached from within a callback.
    uint256 public reentries;

    error NoEtherPlease();

    constructor(IPhatOracle oracle_) AskingConsumer(oracle_) {}

    receive() external payable {
        revert NoEtherPlease();
    }

    /// @notice From now on the callback does this.
    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function _onPhatReport(bytes32, uint8, bytes calldata, uint64) internal override {
        ++answers;
        if (mode == Mode.ReturnBomb) {
            assembly ("memory-safe") {
                return(0, BOMB)
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly ("memory-safe") {
                revert(0, BOMB)
            }
        }
        if (mode == Mode.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mode == Mode.Reenter) {
            _reenter();
        }
    }

    function _reenter() private {
        try oracle.fulfillBatch(new IPhatOracle.Entry[](0)) {
            ++reentries;
        } catch {}
        try oracle.withdraw(payable(address(this))) {
            ++reentries;
        } catch {}
    }
}
