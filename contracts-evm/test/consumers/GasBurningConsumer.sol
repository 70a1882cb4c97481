// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A consumer that burns all the gas of its callback
contract GasBurningConsumer {
    fallback() external {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
