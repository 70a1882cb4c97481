// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {SettingsHandler} from "./SettingsHandler.sol";

/// @dev What holds of the oracle's settings, whoever tries to change them.
contract SettingsInvariants is OracleFixture {
    SettingsHandler private handler;

    function setUp() public override {
        super.setUp();
        address[] memory actors = new address[](4);
        actors[0] = admin;
        actors[1] = account("one");
        actors[2] = account("another");
        actors[3] = stranger;
        handler = new SettingsHandler(oracle, actors);
    }

    /// @dev Read by forge: what the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev What was changed or refused against the books fails in the handler.
    function invariant_Settings_AreAsTheBooksSay() external view {
        (IOracleSettings.Settings memory due, bool paused) = handler.settingsDue();
        vm.assertEq(abi.encode(oracle.settings()), abi.encode(due), "settings");
        vm.assertTrue(oracle.paused() == paused, "paused");
        vm.assertEq(oracle.timelock(), handler.timelockDue(), "timelock");
        address[] memory actors = handler.actors();
        for (uint256 i = 0; i < actors.length; ++i) {
            vm.assertTrue(oracle.hasRole(0, actors[i]) == handler.holds(0, actors[i]), "admin");
        }
    }
}
