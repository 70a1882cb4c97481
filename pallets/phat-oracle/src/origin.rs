//! Who registers workers.

use core::marker::PhantomData;
use frame_support::traits::EnsureOrigin;
use frame_system::RawOrigin;

/// Root, or any account for itself: what lets a worker in is its evidence and the allowed pairs alone.
pub struct EnsureRootOrSigned<AccountId>(PhantomData<AccountId>);

impl<Origin, AccountId> EnsureOrigin<Origin> for EnsureRootOrSigned<AccountId>
where
    Origin: From<RawOrigin<AccountId>> + Into<Result<RawOrigin<AccountId>, Origin>>,
{
    type Success = Option<AccountId>;

    fn try_origin(origin: Origin) -> Result<Self::Success, Origin> {
        match origin.into()? {
            RawOrigin::Root => Ok(None),
            RawOrigin::Signed(account) => Ok(Some(account)),
            other @ (RawOrigin::None | RawOrigin::Authorized) => Err(Origin::from(other)),
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin() -> Result<Origin, ()> {
        Ok(Origin::from(RawOrigin::Root))
    }
}
