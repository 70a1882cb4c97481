// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A consumer that answers its callback with a megabyte, by returning or by reverting
contract ReturnBombConsumer {
    uint256 private constant BOMB = 1_000_000;

    bool private immutable _reverting;

    constructor(bool reverting) {
        _reverting = reverting;
    }

    fallback() external {
        if (_reverting) {
            assembly ("memory-safe") {
                revert(0, BOMB)
            }
        }
        assembly ("memory-safe") {
            return(0, BOMB)
        }
    }
}
