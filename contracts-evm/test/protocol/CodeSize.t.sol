// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OracleFixture} from "../base/OracleFixture.sol";

contract CodeSizeTest is OracleFixture {
    // EIP-170: the most bytes of deployed code.
    uint256 private constant MAX_CODE_SIZE = 24_576;
    // EIP-3860: the most bytes of init code.
    uint256 private constant MAX_INIT_CODE_SIZE = 49_152;

    function test_CodeSize_FitsEveryChain() public {
        address priceConsumer =
            vm.deployCode("PriceConsumer.sol", abi.encode(oracle, CONTRACT_ID, MIN_REVISION, LIFETIME));
        expectFits("PhatOracle.sol", address(oracle));
        expectFits("WorkerRegistry.sol", address(registry));
        expectFits("SimulatedAttestationVerifier.sol", address(verifier));
        expectFits("PriceConsumer.sol", priceConsumer);
    }

    function expectFits(string memory name, address deployed) private view {
        vm.assertTrue(deployed.code.length != 0, name);
        vm.assertLe(deployed.code.length, MAX_CODE_SIZE, name);
        vm.assertLe(vm.getCode(name).length, MAX_INIT_CODE_SIZE, name);
    }
}
