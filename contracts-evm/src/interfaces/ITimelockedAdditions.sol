// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Roles whose additions wait for a timelock
/// @notice An addition widens what is trusted: a role granted, a verifier, an allowed measurement, a lower threshold.
/// Until a timelock is configured an admin makes additions at once; from then on the timelock alone makes them, and only
/// it can configure another. What narrows trust is never delayed: an admin (DEFAULT_ADMIN_ROLE) does it at once.
interface ITimelockedAdditions is IAccessControl {
    // A parameter is named after the setting that it becomes: there is no code here to mistake one for the other.
    // slither-disable-start shadowing-local
    /// @notice Additions go through `timelock` from now on; zero: an admin makes them.
    event TimelockChanged(address indexed timelock);

    error InvalidAdmin(address admin);
    error TimelockWithoutDelay(address timelock);
    error AdditionNeedsTimelock(address account, address timelock);

    /// @notice Has additions go through `timelock`, which must have a delay; zero: through an admin. Itself an addition.
    function setTimelock(TimelockController timelock) external;

    /// @notice The timelock that makes additions; zero when an admin does.
    function timelock() external view returns (address);
    // slither-disable-end shadowing-local
}
