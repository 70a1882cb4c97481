// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";

/// @title The protocol's committed vectors, which the Rust crates read too
abstract contract VectorFile is Test {
    string private constant FILE = "../protocol/vectors.json";

    string private json;

    function setUp() public virtual {
        json = vm.readFile(FILE);
    }

    /// @dev How many entries of a kind there are: at least one.
    function countOf(string memory kind) internal view returns (uint256 count) {
        while (vm.keyExistsJson(json, entry(kind, count))) ++count;
        vm.assertTrue(count != 0, string.concat("vectors of ", kind));
    }

    function entry(string memory kind, uint256 index) internal pure returns (string memory) {
        return string.concat(".", kind, "[", vm.toString(index), "]");
    }

    function word(string memory key, string memory field) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(key, field));
    }

    function data(string memory key, string memory field) internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(key, field));
    }
}
