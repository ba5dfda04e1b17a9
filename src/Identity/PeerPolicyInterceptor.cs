using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RpiAgent.Identity;

/// <summary>Applies <see cref="PeerPolicy"/> to every gRPC call a server receives.</summary>
public sealed partial class PeerPolicyInterceptor(ILogger<PeerPolicyInterceptor> logger) : Interceptor
{
    private readonly ILogger<PeerPolicyInterceptor> _logger = logger;

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(requestStream, responseStream, context);
    }

    private void Check(ServerCallContext context)
    {
        PeerDecision decision = PeerPolicy.Decide(context.Method, context.GetPeerIdentity());
        if (!decision.Allowed)
        {
            LogRefused(context.Peer, decision.Reason);
            throw new RpcException(new Status(decision.NeedsCertificate ? StatusCode.Unauthenticated : StatusCode.PermissionDenied, decision.Reason));
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Refused a call from {Peer}: {Reason}")]
    private partial void LogRefused(string peer, string reason);
}

/// <summary>The caller of a gRPC method.</summary>
public static class PeerIdentityExtensions
{
    /// <summary>From the client certificate that the TLS layer has verified; null without one.</summary>
    public static PeerIdentity? GetPeerIdentity(this ServerCallContext context) =>
        context.GetHttpContext().Connection.ClientCertificate is X509Certificate2 certificate
        && PeerIdentity.TryRead(certificate, out PeerIdentity? identity)
            ? identity
            : null;
}
