using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Coordinator;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>Who may call what of the coordinator.</summary>
public sealed class CoordinatorAccessTests(ConsulServer consul) : EnrolmentBench(consul)
{
    [Fact]
    public async Task A_network_change_is_confirmed_only_over_the_interface_and_from_the_address_that_it_is_about()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0010", "b8:27:eb:00:00:10");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        ContactConfirmer confirmer = new(pi.Coordinator, pi.TlsOf(node), new LiveCredentials(node.Credentials), pi.Clock);

        Assert.Contains("from 127.0.0.1, not from 127.0.0.2", await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "lo", "127.0.0.2"), Cancel), StringComparison.Ordinal);
        Assert.Contains("wlan9 has no way", await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "wlan9", "127.0.0.1"), Cancel), StringComparison.Ordinal);
        Assert.Null(server.Confirmations.LastOf(node.Id));
        Assert.Null(await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "lo", "127.0.0.1"), Cancel));
        Assert.Equal(("txn-1", "127.0.0.1"), (server.Confirmations.LastOf(node.Id)!.TransactionId, server.Confirmations.LastOf(node.Id)!.Address));

        Grpc.Core.RpcException lie = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => pi.Coordinator.ConfirmNetworkAsync(
            server.Url, pi.TlsOf(node), new Protos.Wire.ConfirmNetworkRequest { TransactionId = "txn-2", ObservedAddress = "10.0.0.1" }, Cancel));
        Assert.Equal(Grpc.Core.StatusCode.FailedPrecondition, lie.StatusCode);
        Assert.Contains("it is seen as 127.0.0.1", lie.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_coordinator_a_node_may_not_administer_and_nobody_without_certificate_may_confirm()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0012", "b8:27:eb:00:00:12");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        using GrpcChannel asNode = ClusterChannel.Create(server.Url, pi.TlsOf(node).ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);
        using GrpcChannel asNobody = ClusterChannel.Create(
            server.Url, ClusterTls.AnonymousClientOptions(node.Credentials.Authority, pi.Clock, PeerRole.Coordinator), KeepAlive.Relaxed);
        using Credentials operatorCredentials = Consul.Files.Operator.Load()!;
        using GrpcChannel asOperator = ClusterChannel.Create(
            server.Url, new ClusterTls(new LiveCredentials(operatorCredentials), pi.Clock, NullLogger<ClusterTls>.Instance).ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);

        Assert.Equal(Grpc.Core.StatusCode.PermissionDenied, (await ListNodesAsync(asNode)).StatusCode);
        Assert.Equal(Grpc.Core.StatusCode.Unauthenticated, (await ListNodesAsync(asNobody)).StatusCode);
        Assert.Equal(Grpc.Core.StatusCode.Unimplemented, (await ListNodesAsync(asOperator)).StatusCode);
        Grpc.Core.RpcException confirm = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            async () => await new Protos.Wire.Enrolment.EnrolmentClient(asNobody).ConfirmNetworkAsync(new Protos.Wire.ConfirmNetworkRequest(), cancellationToken: Cancel));
        Assert.Equal(Grpc.Core.StatusCode.Unauthenticated, confirm.StatusCode);
        Assert.Contains("needs a client certificate", confirm.Status.Detail, StringComparison.Ordinal);
    }

    private static Task<Grpc.Core.RpcException> ListNodesAsync(GrpcChannel channel) => Assert.ThrowsAsync<Grpc.Core.RpcException>(
        async () => await new Protos.Wire.ClusterAdmin.ClusterAdminClient(channel).ListNodesAsync(new Protos.Wire.ListNodesRequest(), cancellationToken: Cancel));
}
