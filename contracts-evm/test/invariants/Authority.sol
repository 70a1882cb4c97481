// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {ITimelockedAdditions} from "../../src/interfaces/ITimelockedAdditions.sol";
import {Test} from "../base/Test.sol";

/// @title Who may do what to a contract with timelocked additions, by what was granted and never by what it says
/// @dev The `do…` functions are called by anyone, in any order: a call that succeeds though the books say no, or the
/// other way round, fails the handler.
abstract contract Authority is Test {
    bytes32 internal constant ADMIN_ROLE = 0;
    bytes32 internal constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    ITimelockedAdditions private immutable _governed;
    // An admin first, who stays one; a timelock last. Each tries everything.
    address[] internal _actors;
    mapping(bytes32 role => mapping(address account => bool)) internal _holds;
    address private _timelock;

    /// @notice How often something happened.
    mapping(bytes32 what => uint256) public happened;

    constructor(ITimelockedAdditions governed, address[] memory everyone) {
        _governed = governed;
        _holds[ADMIN_ROLE][everyone[0]] = true;
        for (uint256 i = 0; i < everyone.length; ++i) {
            _actors.push(everyone[i]);
        }
        _actors.push(address(new TimelockController(1 days, everyone, everyone, address(0))));
    }

    function doGrantRole(uint256 number) external {
        uint256 seed = _hash(number);
        (bytes32 role, address account) = (_role(seed), _actor(seed >> 8));
        bytes memory call = abi.encodeCall(_governed.grantRole, (role, account));
        if (_try(seed, call, _mayAdd(_caller(seed)), "granted")) _holds[role][account] = true;
    }

    /// @dev Never of the first admin: it would be the end.
    function doRevokeRole(uint256 number) external {
        uint256 seed = _hash(number);
        (bytes32 role, address account) = (_role(seed), _actor(1 + (seed >> 8) % (_actors.length - 1)));
        bytes memory call = abi.encodeCall(_governed.revokeRole, (role, account));
        if (_try(seed, call, _isAdmin(_caller(seed)), "role revoked")) _holds[role][account] = false;
    }

    function doRenounceRole(uint256 number) external {
        uint256 seed = _hash(number);
        (bytes32 role, address account) = (_role(seed), _actor(1 + (seed >> 8) % (_actors.length - 1)));
        bytes memory call = abi.encodeCall(_governed.renounceRole, (role, account));
        if (_try(seed, call, _caller(seed) == account, "renounced")) _holds[role][account] = false;
    }

    function doSetTimelock(uint256 number) external {
        uint256 seed = _hash(number);
        address timelock = (seed >> 8) % 2 == 0 ? _actors[_actors.length - 1] : address(0);
        bytes memory call = abi.encodeCall(_governed.setTimelock, (TimelockController(payable(timelock))));
        if (_try(seed, call, _mayAdd(_caller(seed)), "timelock set")) _timelock = timelock;
    }

    /// @notice Everyone who tries.
    function actors() external view returns (address[] memory) {
        return _actors;
    }

    /// @notice Whether `account` must have `role`.
    function holds(bytes32 role, address account) external view returns (bool) {
        return _holds[role][account];
    }

    /// @notice What must be the timelock.
    function timelockDue() external view returns (address) {
        return _timelock;
    }

    /// @dev Has the caller of `seed` make a call, and answers whether it was made. It must be if it is `allowed`.
    function _try(uint256 seed, bytes memory call, bool allowed, bytes32 what) internal returns (bool ok) {
        vm.prank(_caller(seed));
        (ok,) = address(_governed).call(call);
        vm.assertTrue(ok == allowed, string(abi.encodePacked("whether this may be: ", what)));
        ++happened[ok ? what : bytes32("refused")];
        if (ok && _caller(seed) == _timelock) ++happened["by the timelock"];
    }

    /// @dev Half of the times the first admin, or the timelock when it makes additions.
    function _caller(uint256 seed) internal view returns (address) {
        if ((seed >> 64) % 2 == 0) return _timelock == address(0) || (seed >> 72) % 4 == 0 ? _actors[0] : _timelock;
        return _actor(seed >> 72);
    }

    function _actor(uint256 seed) internal view returns (address) {
        return _actors[seed % _actors.length];
    }

    function _isAdmin(address caller) internal view returns (bool) {
        return _holds[ADMIN_ROLE][caller];
    }

    /// @dev Whether `caller` may widen what is trusted: an admin until there is a timelock, and then that alone.
    function _mayAdd(address caller) internal view returns (bool) {
        return _timelock == address(0) ? _isAdmin(caller) : caller == _timelock;
    }

    /// @dev Whether `caller` may make a change, which widens what is trusted or doesn't.
    function _mayChange(address caller, bool widens) internal view returns (bool) {
        return widens ? _mayAdd(caller) : _isAdmin(caller);
    }

    /// @dev The fuzzer prefers small and familiar numbers: what is decided by them is hashed first.
    function _hash(uint256 number) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(number)));
    }

    function _role(uint256 seed) private pure returns (bytes32) {
        return (seed >> 32) % 4 == 0 ? ADMIN_ROLE : OPERATOR_ROLE;
    }
}
