// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {ITimelockedAdditions} from "../interfaces/ITimelockedAdditions.sol";

/// @title Roles whose additions wait for a timelock
/// @dev What an addition is: {ITimelockedAdditions}.
abstract contract TimelockedAdditions is ITimelockedAdditions, AccessControl {
    /// A struct, so that it shares its storage slot with nothing that derived contracts read often.
    struct Authority {
        address timelock;
    }

    Authority private _authority;

    modifier onlyForAdditions() {
        _checkAddition();
        _;
    }

    constructor(address admin) {
        require(admin != address(0), InvalidAdmin(admin));
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @inheritdoc ITimelockedAdditions
    function setTimelock(TimelockController timelock_) external onlyForAdditions {
        require(
            address(timelock_) == address(0) || timelock_.getMinDelay() != 0, TimelockWithoutDelay(address(timelock_))
        );
        _authority.timelock = address(timelock_);
        emit TimelockChanged(address(timelock_));
    }

    /// @inheritdoc ITimelockedAdditions
    function timelock() public view returns (address) {
        return _authority.timelock;
    }

    /// @inheritdoc IAccessControl
    /// @dev An addition. Every role's admin role is DEFAULT_ADMIN_ROLE.
    function grantRole(bytes32 role, address account) public override(AccessControl, IAccessControl) onlyForAdditions {
        _grantRole(role, account);
    }

    /// @dev Reverts unless the caller may make additions.
    function _checkAddition() internal view {
        address authority = _authority.timelock;
        if (authority == address(0)) {
            _checkRole(DEFAULT_ADMIN_ROLE);
        } else {
            require(_msgSender() == authority, AdditionNeedsTimelock(_msgSender(), authority));
        }
    }

    /// @dev Reverts unless the caller may make the change: an addition if `widens`, otherwise anything of an admin's.
    function _checkChange(bool widens) internal view {
        if (widens) {
            _checkAddition();
        } else {
            _checkRole(DEFAULT_ADMIN_ROLE);
        }
    }
}
