using Grpc.Core;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Proves contact after an address change: only the coordinator's answer to a new connection from the new address counts.</summary>
internal sealed class ContactConfirmer(CoordinatorClient coordinator, ClusterTls tls, TrustClock clock)
{
    /// <summary>One try. Null = confirmed, else why not.</summary>
    public async Task<string?> TryConfirmAsync(Uri address, string transactionId, CancellationToken cancel)
    {
        OwnRoute route = await RouteProbe.ToAsync(address, cancel);
        if (route.Address.Length == 0)
        {
            return $"there is no route to {address}";
        }

        try
        {
            ConfirmNetworkReply reply = await coordinator.ConfirmNetworkAsync(
                address, tls, new ConfirmNetworkRequest { TransactionId = transactionId, ObservedAddress = route.Address }, cancel);
            clock.NotBefore(reply.CoordinatorTime.ToDateTimeOffset());
            return null;
        }
        catch (RpcException fault)
        {
            return EnrolmentFailure.From(fault, address).Reason;
        }
    }
}
