// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Remembers with how much gas it was called, whatever the call
/// @dev Transient, so that measuring costs little; its code begins by measuring.
contract GasMeter {
    uint256 private transient _gas;

    /// @notice What was left when the last call began, in the same transaction.
    function lastGas() external view returns (uint256) {
        return _gas;
    }

    fallback() external {
        _gas = gasleft();
    }
}
