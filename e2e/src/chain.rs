//! The chain as its users see it.

use anyhow::{Context, Result};
use ethers::{
    providers::{Http, Middleware, Provider},
    types::{Address, TransactionReceipt, U64, U256},
};
use std::{sync::Arc, time::Duration};

/// The EIP-155 id of the chain that anvil makes.
pub const CHAIN_ID: u64 = 31_337;

/// Between two looks for a receipt.
const RECEIPT_POLL: Duration = Duration::from_millis(30);

/// A connection to anvil that signs with anvil's own accounts.
#[derive(Clone, Debug)]
pub struct Chain {
    provider: Arc<Provider<Http>>,
}

impl Chain {
    /// Connects; transactions are sent from anvil's first account.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn connect(url: &str) -> Result<Self> {
        let provider = Provider::<Http>::try_from(url)?.interval(RECEIPT_POLL);
        let sender = *provider.get_accounts().await?.first().context("anvil has no accounts")?;
        Ok(Self { provider: Arc::new(provider.with_sender(sender)) })
    }

    /// What the contracts' bindings take.
    #[must_use]
    pub fn provider(&self) -> Arc<Provider<Http>> {
        Arc::clone(&self.provider)
    }

    /// Gives an account so much, in wei, and nothing else.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn set_balance(&self, account: Address, wei: U256) -> Result<()> {
        Ok(self.provider.request::<_, ()>("anvil_setBalance", (account, wei)).await?)
    }

    /// The height of the newest block.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn height(&self) -> Result<u64> {
        Ok(self.provider.get_block_number().await?.as_u64())
    }

    /// Mines so many blocks, empty but for what waits in the pool.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn mine(&self, blocks: u64) -> Result<()> {
        Ok(self.provider.request::<_, ()>("anvil_mine", (U64::from(blocks),)).await?)
    }

    /// Replaces the newest `depth` blocks by empty ones, on which what came meanwhile follows. Their transactions are
    /// gone: they don't return to the pool. Answers the height of the newest block that stays.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn reorganise(&self, depth: u64) -> Result<u64> {
        let none: [u8; 0] = [];
        let height = self.height().await?;
        let automine: bool = self.provider.request("anvil_getAutomine", none).await?;
        self.set_automine(false).await?;
        let quiet = self.settle_down(height).await?;
        let depth = depth + (quiet - height);
        self.provider.request::<_, ()>("anvil_reorg", (depth, none)).await?;
        // It makes as many blocks as it drops.
        let ancestor = self.height().await?.saturating_sub(depth);
        if automine {
            self.set_automine(true).await?;
            // What came since waits for the next transaction otherwise.
            self.mine(1).await?;
        }
        Ok(ancestor)
    }

    /// Waits until no block is in the making, by making some: anvil drops blocks while it makes others, and is left
    /// with heights that have no block. Answers the height then.
    async fn settle_down(&self, mut height: u64) -> Result<u64> {
        let mut in_a_row = 0;
        while in_a_row < 2 {
            self.mine(1).await?;
            let now = self.height().await?;
            in_a_row = if now == height + 1 { in_a_row + 1 } else { 0 };
            height = now;
        }
        Ok(height)
    }

    /// Has the next block's base fee be this, in wei for each unit of gas. From there it falls as blocks aren't full.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn set_next_base_fee(&self, wei: u64) -> Result<()> {
        Ok(self.provider.request::<_, ()>("anvil_setNextBlockBaseFeePerGas", (U64::from(wei),)).await?)
    }

    /// Whether each transaction is mined at once, in a block of its own.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn set_automine(&self, automine: bool) -> Result<()> {
        Ok(self.provider.request::<_, ()>("evm_setAutomine", [automine]).await?)
    }

    /// The receipts of all transactions that `sender` got into a block, in their order.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn receipts_from(&self, sender: Address) -> Result<Vec<TransactionReceipt>> {
        let mut receipts = Vec::new();
        for number in 0..=self.height().await? {
            let block = self.provider.get_block_receipts(U64::from(number)).await?;
            receipts.extend(block.into_iter().filter(|receipt| receipt.from == sender));
        }
        Ok(receipts)
    }
}
