// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {DiceFixture} from "../randomness/DiceFixture.sol";

/// @dev What random answers cost, beside GasBudget.t.sol. How many tries hashing to the curve takes is luck, one in two
/// each: some 7,000 gas a try.
contract RandomnessGasTest is DiceFixture {
    string private constant GROUP = "PhatRandomness";

    function test_Gas_RollAndLand() public {
        // The first roll pays for the payee's first credit.
        land("Dice, first");
        land("Dice, second");
        land("Dice, third");
    }

    function land(string memory name) private {
        uint256 asked = block.number;
        IPhatOracle.Request memory request = nextRoll();
        vm.prank(player);
        bytes32 requestId = dice.roll{value: PAYMENT}();
        vm.assertLe(vm.snapshotGasLastCall(GROUP, string.concat("roll, ", name)), 130_000, "roll");
        vm.roll(asked + 1);
        IPhatOracle.Report memory report = answerFor(requestId, blockhash(asked));
        bytes[] memory signatures = signed(requestId, report);
        oracle.fulfill(request, report, signatures);
        vm.assertLe(vm.snapshotGasLastCall(GROUP, string.concat("fulfill, ", name)), 500_000, "fulfill");
        (,, uint8 face,) = dice.rolls(requestId);
        vm.assertTrue(face != 0, "it landed");
    }
}
