// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {ITimelockedAdditions} from "../../src/interfaces/ITimelockedAdditions.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

contract ConstructorTest is OracleFixture {
    function test_Constructor_TakesItsSettings() public view {
        vm.assertEq(keccak256(abi.encode(oracle.settings())), keccak256(abi.encode(initialSettings(1))), "the settings");
        vm.assertEq(oracle.registry(), address(registry), "the registry");
        vm.assertTrue(oracle.hasRole(0, admin), "the admin");
        vm.assertTrue(!oracle.hasRole(0, address(this)), "not who deployed it");
    }

    function test_Constructor_RevertIf_TheAdminIsZero() public {
        admin = address(0);
        vm.expectRevert(abi.encodeWithSelector(ITimelockedAdditions.InvalidAdmin.selector, address(0)));
        this.deploy(initialSettings(1));
    }

    function test_Constructor_RevertIf_TheRegistryHasNoCode() public {
        vm.etch(address(registry), "");
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.InvalidRegistry.selector, address(registry)));
        this.deploy(initialSettings(1));
    }

    function test_Constructor_RevertIf_SettingsAreOutOfBounds() public {
        vm.expectRevert(abi.encodeWithSelector(IOracleSettings.InvalidThreshold.selector, 0));
        this.deploy(initialSettings(0));
    }

    function deploy(IOracleSettings.Settings calldata settings) external {
        deployOracle(settings);
    }
}

contract QuoteTest is OracleFixture {
    function test_Quote_SumsThePricesOfTheRequestsParts() public view {
        uint256 expected = 0.001 ether + 2 gwei * uint256(100_000) + 30 gwei * uint256(64) + 50 gwei * uint256(32);
        vm.assertEq(oracle.quote(100_000, 64, 32), expected, "quote");
    }

    function testFuzz_Quote_NeverOverflows(IOracleSettings.Prices calldata set, uint32 gas, uint256 length, uint32 out)
        public
    {
        gas = uint32(bound(gas, 0, 5_000_000));
        length = bound(length, 0, 16 * 1024);
        out = uint32(bound(out, 0, 16 * 1024));
        vm.prank(admin);
        oracle.setPrices(set);
        // Checked arithmetic, unlike the oracle's.
        uint256 expected = uint256(set.perRequest) + uint256(set.perCallbackGas) * gas + uint256(set.perPayloadByte)
            * length + uint256(set.perOutputByte) * out;
        vm.assertEq(oracle.quote(gas, length, out), expected, "quote");
    }

    function test_Quote_RevertIf_TheRequestWouldBeRefused() public {
        vm.expectPartialRevert(IPhatOracle.PayloadTooLarge.selector);
        oracle.quote(0, 16 * 1024 + 1, 0);
        vm.expectPartialRevert(IPhatOracle.MaxOutputTooLarge.selector);
        oracle.quote(0, 0, 16 * 1024 + 1);
        vm.expectPartialRevert(IPhatOracle.CallbackGasLimitTooHigh.selector);
        oracle.quote(5_000_001, 0, 0);
    }
}

contract SetThresholdTest is OracleFixture {
    function test_SetThreshold_HasEffectAtOnce() public {
        vm.expectEmit(address(oracle));
        emit IOracleSettings.ThresholdChanged(2);
        setThreshold(2);
        vm.assertEq(oracle.threshold(), 2, "threshold");
        setThreshold(1);
        vm.assertEq(oracle.threshold(), 1, "threshold");
    }

    function test_SetThreshold_RevertIf_OutOfBounds() public {
        setThreshold(32);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IOracleSettings.InvalidThreshold.selector, 33));
        oracle.setThreshold(33);
        vm.expectRevert(abi.encodeWithSelector(IOracleSettings.InvalidThreshold.selector, 0));
        oracle.setThreshold(0);
        vm.stopPrank();
    }

    function test_SetThreshold_RevertIf_CallerIsNoAdmin() public {
        vm.startPrank(stranger);
        vm.expectRevert(missingRole(stranger, 0));
        oracle.setThreshold(2);
        vm.stopPrank();
    }
}

contract SetLifetimesTest is OracleFixture {
    function test_SetLifetimes_HasEffectAtOnce() public {
        vm.expectEmit(address(oracle));
        emit IOracleSettings.LifetimesChanged(60, 30 days);
        setLifetimes(60, 30 days);
        IOracleSettings.Settings memory set = oracle.settings();
        vm.assertEq(set.minLifetime, 60, "minLifetime");
        vm.assertEq(set.maxLifetime, 30 days, "maxLifetime");
    }

    function test_SetLifetimes_RevertIf_OutOfBounds() public {
        expectInvalid(59, 1 days);
        expectInvalid(60, 30 days + 1);
        expectInvalid(601, 600);
        setLifetimes(600, 600);
    }

    function test_SetLifetimes_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        oracle.setLifetimes(60, 60);
    }

    function expectInvalid(uint32 minLifetime, uint32 maxLifetime) private {
        vm.expectRevert(abi.encodeWithSelector(IOracleSettings.InvalidLifetimes.selector, minLifetime, maxLifetime));
        setLifetimes(minLifetime, maxLifetime);
    }

    function setLifetimes(uint32 minLifetime, uint32 maxLifetime) private {
        vm.prank(admin);
        oracle.setLifetimes(minLifetime, maxLifetime);
    }
}

contract SetPricesTest is OracleFixture {
    function test_SetPrices_LeavesPendingRequestsAsTheyWerePaid() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(account("consumer"));
        IOracleSettings.Prices memory dear = prices;
        dear.perRequest = 2 ether;
        vm.prank(admin);
        oracle.setPrices(dear);
        fulfill(requestId, request);
        vm.assertEq(oracle.credits(payee), PAYMENT, "the payee's credit");
    }

    function test_SetPrices_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        oracle.setPrices(prices);
    }
}

contract PauseTest is OracleFixture {
    function test_Pause_ShowsAndIsTakenBack() public {
        vm.startPrank(admin);
        oracle.pause();
        vm.assertTrue(oracle.paused(), "paused");
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        oracle.pause();
        oracle.unpause();
        vm.assertTrue(!oracle.paused(), "not paused");
        vm.stopPrank();
        ask(account("consumer"));
    }

    function test_Pause_RevertIf_CallerIsNoAdmin() public {
        vm.startPrank(stranger);
        vm.expectRevert(missingRole(stranger, 0));
        oracle.pause();
        vm.expectRevert(missingRole(stranger, 0));
        oracle.unpause();
        vm.stopPrank();
    }
}

contract SlotsTest is OracleFixture {
    function test_Slots_AnswersForManyRequestsInOrder() public {
        (bytes32 answered, IPhatOracle.Request memory request) = ask(account("consumer"));
        (bytes32 pending,) = ask(account("consumer"));
        fulfill(answered, request);
        bytes32[] memory requestIds = new bytes32[](3);
        requestIds[0] = pending;
        requestIds[1] = answered;
        requestIds[2] = keccak256("unknown");
        bytes32[] memory slots = oracle.slots(requestIds);
        vm.assertEq(slots.length, 3, "slots");
        vm.assertEq(slots[0], bytes32(uint256(1)), "pending");
        vm.assertEq(slots[1], 0, "answered");
        vm.assertEq(slots[2], 0, "unknown");
    }
}
