using Grpc.Core;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>
/// Proves contact after an address change: only the coordinator's answer to a new connection over the changed interface, from its new
/// address, counts. Another interface may lead to the coordinator, too, and would hide that this one does not.
/// </summary>
internal sealed class ContactConfirmer(CoordinatorClient coordinator, ClusterTls tls, LiveCredentials live, TrustClock clock)
{
    /// <summary>One try. Null = confirmed, else why not.</summary>
    public async Task<string?> TryConfirmAsync(Uri address, AddressClaim claim, CancellationToken cancel)
    {
        OwnRoute route = await RouteProbe.ToAsync(address, cancel, claim.Interface);
        if (route.Address.Length == 0)
        {
            return $"{claim.Interface} has no way to {address}";
        }

        if (claim.Address.Length > 0 && claim.Address != route.Address)
        {
            return $"{claim.Interface} reaches {address} from {route.Address}, not from {claim.Address}";
        }

        try
        {
            ConfirmNetworkReply reply = await coordinator.ConfirmNetworkAsync(
                address, tls, new ConfirmNetworkRequest { TransactionId = claim.Transaction, ObservedAddress = route.Address }, cancel, claim.Interface);
            clock.NotBefore(reply.CoordinatorTime.ToDateTimeOffset(), live.Current.Authority);
            return null;
        }
        catch (RpcException fault)
        {
            return EnrolmentFailure.From(fault, address).Reason;
        }
    }
}

/// <summary>What is to be confirmed.</summary>
/// <param name="Address">IPv4; empty for whatever DHCP gave.</param>
internal sealed record AddressClaim(string Transaction, string Interface, string Address);
