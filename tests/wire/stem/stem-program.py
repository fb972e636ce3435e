"""Stem's view of version 3 descriptors: reads one JSON order from standard input, writes one JSON answer."""
import base64
import datetime
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from stem.client.datatype import LinkByEd25519, LinkByFingerprint, LinkByIPv4
from stem.descriptor.hidden_service import (
    HiddenServiceDescriptorV3,
    InnerLayer,
    IntroductionPointV3,
)


def point_of(point):
    return {
        'linkSpecifiers': [[link.type, link.value.hex()] for link in point.link_specifiers],
        'onionKey': base64.b64decode(point.onion_key_raw).hex(),
        'authKey': point.auth_key_cert.key.hex(),
        'authKeyExpires': point.auth_key_cert.expiration.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'encKey': base64.b64decode(point.enc_key_raw).hex(),
        'encKeyCertType': point.enc_key_cert.type_int,
    }


def decode(order):
    descriptor = HiddenServiceDescriptorV3(order['text'].encode(), validate=True)
    inner = descriptor.decrypt(order['address'])
    return {
        'lifetime': descriptor.lifetime,
        'revisionCounter': str(descriptor.revision_counter),
        'blindedKey': descriptor.signing_cert.signing_key().hex(),
        'signingKeyExpires': descriptor.signing_cert.expiration.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'formats': inner.formats,
        'unrecognized': [line.decode() if isinstance(line, bytes) else line for line in inner.get_unrecognized_lines()],
        'points': [point_of(point) for point in inner.introduction_points],
    }


def encode(order):
    signing_key = Ed25519PrivateKey.generate()
    points = [
        IntroductionPointV3.create_for_link_specifiers(
            [
                LinkByIPv4('192.0.2.7', 9001),
                LinkByFingerprint(bytes.fromhex(point['fingerprint'])),
                LinkByEd25519(bytes.fromhex(point['ed25519Id'])),
            ],
            expiration=datetime.datetime.utcnow() + datetime.timedelta(hours=54),
            onion_key=bytes.fromhex(point['onionKey']),
            enc_key=bytes.fromhex(point['encKey']),
            auth_key=bytes.fromhex(point['authKey']),
            signing_key=signing_key,
        )
        for point in order['points']
    ]
    content = HiddenServiceDescriptorV3.content(
        inner_layer=InnerLayer.create(introduction_points=points),
        identity_key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(order['seed'])),
        signing_key=signing_key,
        revision_counter=order['revisionCounter'],
        blinding_nonce=bytes.fromhex(order['blindingParameter']),
    )
    return {'text': content.decode()}


order = json.load(sys.stdin)
json.dump({'decode': decode, 'encode': encode}[order['task']](order), sys.stdout)
