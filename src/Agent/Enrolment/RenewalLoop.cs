using System.Security.Cryptography;
using Grpc.Core;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Renews this node's certificate in time, by showing the present one; later handshakes take the new one.</summary>
internal sealed partial class RenewalLoop(
    IdentityStore store, BoardReader boards, CoordinatorClient coordinator, TrustClock clock, TimeProvider time, ILogger<RenewalLoop> logger)
{
    private readonly ILogger<RenewalLoop> _logger = logger;

    /// <param name="renewed">Told after each renewal: Consul's token or the wanted configuration may be new.</param>
    public async Task RunAsync(EnrolledNode node, LiveCredentials live, ClusterTls tls, Action<EnrolledNode> renewed, CancellationToken cancel)
    {
        EnrolledNode current = node;
        bool failed = false;
        while (!cancel.IsCancellationRequested)
        {
            DateTimeOffset due = RenewalSchedule.DueAt(current.Credentials.NotBefore, current.Credentials.NotAfter);
            await Task.Delay(RenewalSchedule.Sleep(due, clock.Now, failed), time, cancel);
            if (clock.Now < due)
            {
                continue;
            }

            try
            {
                current = await RenewAsync(current, live, tls, cancel);
                failed = false;
                renewed(current);
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)      // whatever it was: a node that stops renewing is lost
            {
                failed = true;
                string reason = fault is RpcException call ? EnrolmentFailure.From(call, current.Saved.Coordinator).Reason : fault.Message;
                LogFailed(reason, current.Credentials.NotAfter);
            }
        }
    }

    /// <summary>One renewal: new key, same id.</summary>
    public async Task<EnrolledNode> RenewAsync(EnrolledNode node, LiveCredentials live, ClusterTls tls, CancellationToken cancel)
    {
        Board board = boards.Read();
        OwnRoute route = await RouteProbe.ToAsync(node.Saved.Coordinator, cancel);
        using ECDsa key = store.PrepareKey();
        EnrolReply reply = await coordinator.RenewAsync(
            node.Saved.Coordinator,
            tls,
            new EnrolRequest
            {
                CsrPem = CredentialFiles.RequestFor(key),
                Hardware = board.ToWire(),
                CurrentAddress = route.Address,
                CurrentInterface = route.Interface,
            },
            cancel);
        EnrolledNode renewed = Reply.Save(store, reply, node.Saved.Coordinator, board, node.Credentials.Authority, clock);
        live.Replace(renewed.Credentials);
        LogRenewed(renewed.Credentials.NotAfter);
        return renewed;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Renewed the certificate; valid until {NotAfter:u}")]
    private partial void LogRenewed(DateTimeOffset notAfter);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Cannot renew the certificate (valid until {NotAfter:u}), trying on: {Reason}")]
    private partial void LogFailed(string reason, DateTimeOffset notAfter);
}
