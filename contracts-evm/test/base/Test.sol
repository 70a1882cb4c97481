// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "./Vm.sol";

/// @title What every test contract has: forge's cheatcodes
abstract contract Test {
    /// @dev Forge answers at this address: the last 20 bytes of keccak256("hevm cheat code").
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev A private key that follows from its name.
    function keyOf(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    /// @dev The address of {keyOf}, shown by its name in traces.
    function account(string memory name) internal returns (address made) {
        made = vm.addr(keyOf(name));
        vm.label(made, name);
    }

    /// @dev Folds `value` into min..=max.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + value % (max - min + 1);
    }
}
