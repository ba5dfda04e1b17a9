using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>The one service an agent calls. Who may call what is <see cref="PeerPolicy"/>'s business.</summary>
internal sealed partial class EnrolmentService(
    Admission admission, Renewal renewal, NodeStore nodes, NodeCertificates certificates, NetworkConfirmations confirmations,
    FirstSpecs specs, NodePresence presence, ILogger<EnrolmentService> logger) : Protos.Wire.Enrolment.EnrolmentBase
{
    private readonly ILogger<EnrolmentService> _logger = logger;

    public override Task<GetCertificateAuthorityReply> GetCertificateAuthority(GetCertificateAuthorityRequest request, ServerCallContext context) =>
        Task.FromResult(new GetCertificateAuthorityReply { CaPem = certificates.AuthorityPem });

    public override async Task<EnrolReply> Enrol(EnrolRequest request, ServerCallContext context)
    {
        if (request.Problem() is string problem)
        {
            throw Refuse(context, new EnrolmentRefused(StatusCode.InvalidArgument, problem));
        }

        PeerIdentity? peer = context.GetPeerIdentity();
        if (peer is not null)
        {
            RefuseTwins(new NodeId(peer.Id), context);
        }

        EnrolmentOutcome outcome = await GuardAsync(() => peer is not null
            ? renewal.RenewAsync(new NodeId(peer.Id), request, RemoteOf(context), context.CancellationToken)
            : admission.AdmitAsync(request, RemoteOf(context), context.CancellationToken));
        if (outcome is not Enrolled enrolled)
        {
            throw Refuse(context, (EnrolmentRefused)outcome);
        }

        using X509Certificate2 certificate = enrolled.Certificate;
        LogEnrolled(peer is null ? "Enrolled" : "Renewed", enrolled.Node.Name, enrolled.Node.Id, enrolled.Node.Address ?? "dhcp");
        return new EnrolReply
        {
            NodeId = enrolled.Node.Id.Value,
            CertificatePem = certificate.ExportCertificatePem() + "\n",
            CaPem = certificates.AuthorityPem,
            Spec = await GuardAsync(() => specs.ForAsync(enrolled.Node, request.CurrentInterface, context.CancellationToken)),
            CoordinatorTime = Timestamp.FromDateTimeOffset(enrolled.At),
        };
    }

    public override async Task<ConfirmNetworkReply> ConfirmNetwork(ConfirmNetworkRequest request, ServerCallContext context)
    {
        NodeId node = new(context.GetPeerIdentity()!.Id);
        RefuseTwins(node, context);
        string seen = RemoteOf(context)?.ToString() ?? "nowhere";
        if (request.TransactionId.Length == 0 || request.ObservedAddress != seen)
        {
            throw new RpcException(new Status(
                StatusCode.FailedPrecondition,
                request.TransactionId.Length == 0
                    ? "the confirmation names no transaction"
                    : $"the node says its address is '{request.ObservedAddress}', but it is seen as {seen}"));
        }

        if (await GuardAsync(() => nodes.FindAsync(node, context.CancellationToken)) is not { } record)
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"node {node} was removed from the cluster"));
        }

        NetworkConfirmation confirmation = confirmations.Remember(node, request.TransactionId, seen);
        LogConfirmed(node, seen, request.TransactionId);
        if (record.Value.Address is { } wanted && wanted != seen)
        {
            LogElsewhere(node, seen, wanted);
        }

        return new ConfirmNetworkReply { CoordinatorTime = Timestamp.FromDateTimeOffset(confirmation.At) };
    }

    private static IPAddress? RemoteOf(ServerCallContext context)
    {
        IPAddress? remote = context.GetHttpContext().Connection.RemoteIpAddress;
        return remote is { IsIPv4MappedToIPv6: true } ? remote.MapToIPv4() : remote;
    }

    /// <summary>While two boards show that node's identity neither is believed.</summary>
    private void RefuseTwins(NodeId node, ServerCallContext context)
    {
        if (presence.ConflictOf(node) is { } conflict)
        {
            throw Refuse(context, new EnrolmentRefused(StatusCode.FailedPrecondition, conflict.Reason));
        }
    }

    /// <summary>Consul's troubles are not the node's fault: it tries again.</summary>
    private static async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (ConsulException fault)
        {
            throw new RpcException(new Status(fault.IsTransient ? StatusCode.Unavailable : StatusCode.Internal, $"the coordinator's store does not answer: {fault.Message}"));
        }
    }

    private RpcException Refuse(ServerCallContext context, EnrolmentRefused refused)
    {
        LogRefused(context.Peer, refused.Reason);
        return new RpcException(new Status(refused.Status, refused.Reason));
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{What} node {Node} ({NodeId}) with address {Address}")]
    private partial void LogEnrolled(string what, string node, NodeId nodeId, string address);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Refused to enrol {Peer}: {Reason}")]
    private partial void LogRefused(string peer, string reason);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Node {NodeId} is reachable at {Address} (transaction {Transaction})")]
    private partial void LogConfirmed(NodeId nodeId, string address, string transaction);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Node {NodeId} changed its address to {Address}; {Wanted} is wanted of it")]
    private partial void LogElsewhere(NodeId nodeId, string address, string wanted);
}
