// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {P256Points} from "../../src/libraries/P256Points.sol";
import {Test} from "../base/Test.sol";

contract P256PointsTest is Test {
    uint256 private constant GX = P256Points.GX;
    uint256 private constant GY = P256Points.GY;
    uint256 private constant N = P256Points.N;
    uint256 private constant P = P256Points.P;
    // 2·G: NIST's point multiplication vectors for P-256, k = 2.
    uint256 private constant TWO_X = 0x7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978;
    uint256 private constant TWO_Y = 0x07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1;

    function test_MulAdd_DoublesWhereBothPointsAreOne() public view {
        expectPoint(GX, GY, 1, 1, TWO_X, TWO_Y);
        expectPoint(GX, GY, 2, 0, TWO_X, TWO_Y);
        expectPoint(GX, GY, 0, 2, TWO_X, TWO_Y);
        expectPoint(GX, GY, N + 1, N + 1, TWO_X, TWO_Y);
    }

    function test_MulAdd_HasNoCoordinatesForTheIdentity() public view {
        expectIdentity(GY, 0, 0);
        expectIdentity(GY, N, 0);
        expectIdentity(GY, 1, N - 1);
        expectIdentity(GY, N - 3, 3);
        // With the negative of the point: it cancels in the table already.
        expectIdentity(P - GY, 1, 1);
        expectIdentity(P - GY, 3, 3);
        expectIdentity(P - GY, N - 1, N - 1);
    }

    function test_MulAdd_GivesTheNegativeForTheOrderLessOne() public view {
        expectPoint(GX, GY, N - 1, 0, GX, P - GY);
        expectPoint(GX, P - GY, 0, 1, GX, P - GY);
    }

    /// @dev a·G + b·(2G) is (a + 2b)·G, by whichever way.
    function testFuzz_MulAdd_AddsScalars(uint256 a, uint128 b) public view {
        a = bound(a, 0, N - 1);
        uint256 sum = addmod(a, 2 * uint256(b), N);
        (bool found, uint256 x, uint256 y) = P256Points.mulAdd(GX, GY, a, TWO_X, TWO_Y, b);
        (bool expected, uint256 sumX, uint256 sumY) = P256Points.mulAdd(GX, GY, sum, GX, GY, 0);
        vm.assertTrue(found == expected && x == sumX && y == sumY, "the same point");
    }

    function test_Decompress_FindsEitherPointAndNoOther() public view {
        (bool found, uint256 y) = P256Points.decompress(GX, GY & 1 == 1);
        vm.assertTrue(found && y == GY, "G");
        (found, y) = P256Points.decompress(GX, GY & 1 == 0);
        vm.assertTrue(found && y == P - GY, "-G");
        (found,) = P256Points.decompress(1, false);
        vm.assertTrue(!found, "no point has x = 1");
        // 5 is the x of a point, and 5 + P fits a word.
        (found,) = P256Points.decompress(5, false);
        vm.assertTrue(found, "a point has x = 5");
        (found,) = P256Points.decompress(5 + P, false);
        vm.assertTrue(!found, "a coordinate is below the prime");
    }

    function expectPoint(uint256 qx, uint256 qy, uint256 a, uint256 b, uint256 x, uint256 y) private view {
        (bool found, uint256 foundX, uint256 foundY) = P256Points.mulAdd(GX, GY, a, qx, qy, b);
        vm.assertTrue(found, "not the identity");
        vm.assertEq(foundX, x, "x");
        vm.assertEq(foundY, y, "y");
    }

    function expectIdentity(uint256 qy, uint256 a, uint256 b) private view {
        (bool found,,) = P256Points.mulAdd(GX, GY, a, GX, qy, b);
        vm.assertTrue(!found, "the identity");
    }
}
